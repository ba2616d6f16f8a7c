/* SPDX-License-Identifier: MIT */
/* Functions of the process's own, as guests. */
#include <stdio.h>
#include <string.h>
#include "software_kvm.h"

static uint8_t *own(void *context, r0_gpa address, size_t size, bool write)
{
	(void)context;
	(void)size;
	(void)write;
	return (uint8_t *)(uintptr_t)address.value;
}

static size_t read_memory(void *context, r0_gpa address, void *to, size_t size)
{
	(void)context;
	memcpy(to, (const void *)(uintptr_t)address.value, size);
	return size;
}

const struct assist_memory software_kvm_all_memory = { .own = own, .read = read_memory };

bool software_kvm_call(struct software_kvm *kvm, void (*fn)(void))
{
	static uint8_t stack[256 * 1024] __attribute__((aligned(64)));
	static const uint8_t last = 0xf4; /* HLT, which ends a run */
	uint64_t *top = (uint64_t *)(stack + sizeof(stack) - 64) - 1;
	struct kvm_regs *regs = &kvm->run->s.regs.regs;
	struct software_kvm_end end;

	*top = (uint64_t)&last;
	*regs = (struct kvm_regs){ .rip = (uint64_t)(uintptr_t)fn,
				   .rsp = (uint64_t)top,
				   .rflags = 2 };
	end = software_kvm_run(kvm, (uint64_t)&last);
	return end.vector < 0 && end.answer == ASSIST_COMPLETED;
}

static char from[4096] __attribute__((aligned(64))), to[4096] __attribute__((aligned(64))),
	text[64];
static volatile size_t length;
static volatile double number = 3.14159;

static void copy(void)
{
	void *(*volatile libc)(void *, const void *, size_t) = memcpy;

	libc(to, from, 2000);
}

static void fill(void)
{
	void *(*volatile libc)(void *, int, size_t) = memset;

	libc(to, 'x', 1000);
}

static void measure(void)
{
	size_t (*volatile libc)(const char *) = strlen;

	memset(from, 'x', 1000);
	length = libc(from);
}

static void look(void)
{
	void *(*volatile libc)(const void *, int, size_t) = memchr;

	length = libc(from, 'y', 1000) != NULL;
}

static void print(void)
{
	snprintf(text, sizeof(text), "%f", number);
}

const struct software_kvm_function software_kvm_functions[] = {
	{ "memcpy() of 2000 bytes", copy },    { "memset() of 1000 bytes", fill },
	{ "strlen() of 1000 bytes", measure }, { "memchr() in 1000 bytes", look },
	{ "snprintf(\"%f\")", print },	       { NULL, NULL },
};

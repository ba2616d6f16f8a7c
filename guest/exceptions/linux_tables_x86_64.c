/* SPDX-License-Identifier: MIT */
/* Handlers that go by Linux's tables: arch/x86/include/asm/extable.h and extable_fixup_types.h, asm-generic/bug.h. */
#include <ring0.h>
#include <ring0/linux.h>
#include "guest/entry/entry.h"
#include "guest/host/require.h"

/* Distances from the members themselves. */
struct fix_up {
	int32_t instruction, target;
	uint32_t data;
};

/* Of its data: a type, a register by its number, and a value. */
#define TYPE(data)	((data)&0xff)
#define REGISTER(data)	((data) >> 8 & 0xf)
#define IMMEDIATE(data) ((int64_t)(int16_t)((data) >> 16))

enum {
	TYPE_DEFAULT = 1,
	TYPE_FAULT = 2, /* RAX has the vector */
	TYPE_UACCESS = 3,
	TYPE_COPY = 4, /* likewise */
	TYPE_WRMSR_SAFE = 10,
	TYPE_RDMSR_SAFE = 11, /* a register has -EIO */
	TYPE_DEFAULT_MCE_SAFE = 14,
	TYPE_FAULT_MCE_SAFE = 15,
	TYPE_IMMEDIATE = 17, /* a register has the value */
};

#define EIO 5

struct bug {
	int32_t instruction, file;
	uint16_t line, flags;
};

#define BUG_IS_WARNING 1
#define UD2_LENGTH     2

/* The VM's copies, which the reset puts back. */
static const struct fix_up *fix_ups, *fix_ups_end;
static const struct bug *bugs, *bugs_end;

static uint64_t *register_of(struct r0_frame *frame, uint32_t number)
{
	uint64_t *const registers[] = {
		&frame->rax, &frame->rcx, &frame->rdx, &frame->rbx, &frame->rsp, &frame->rbp,
		&frame->rsi, &frame->rdi, &frame->r8,  &frame->r9,  &frame->r10, &frame->r11,
		&frame->r12, &frame->r13, &frame->r14, &frame->r15,
	};

	return registers[number];
}

static uint64_t read_cr2(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static void unhandled(struct r0_frame *frame)
{
	r0_ask(R0_MESSAGE_EXCEPTION, (uint64_t)frame,
	       (frame->vector & 0xff) == R0_PF ? read_cr2() : 0);
}

static bool apply(struct r0_frame *frame, uint32_t data)
{
	switch (TYPE(data)) {
	case TYPE_DEFAULT:
	case TYPE_UACCESS:
	case TYPE_DEFAULT_MCE_SAFE:
		return true;
	case TYPE_FAULT:
	case TYPE_COPY:
	case TYPE_FAULT_MCE_SAFE:
		frame->rax = frame->vector & 0xff;
		return true;
	case TYPE_WRMSR_SAFE:
	case TYPE_RDMSR_SAFE:
		*register_of(frame, REGISTER(data)) = (uint64_t)-EIO;
		return true;
	case TYPE_IMMEDIATE:
		*register_of(frame, REGISTER(data)) = (uint64_t)IMMEDIATE(data);
		return true;
	default:
		return false;
	}
}

static uint64_t distant(const int32_t *distance)
{
	return (uint64_t)distance + (uint64_t)(int64_t)*distance;
}

static void on_fault(struct r0_frame *frame)
{
	const struct fix_up *entry;

	for (entry = fix_ups; entry + 1 <= fix_ups_end; entry++) {
		if (distant(&entry->instruction) != frame->rip || !apply(frame, entry->data))
			continue;
		frame->rip = distant(&entry->target);
		return;
	}
	unhandled(frame);
}

void r0_linux_ex_table(const void *start, const void *stop)
{
	static const int vectors[] = { R0_DE, R0_GP, R0_PF, R0_MF, R0_XM };
	size_t i;

	require_guest(__func__);
	fix_ups = start;
	fix_ups_end = stop;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		r0_set_handler(vectors[i], on_fault);
}

static void on_undefined(struct r0_frame *frame)
{
	const struct bug *entry;

	for (entry = bugs; entry + 1 <= bugs_end; entry++) {
		if (distant(&entry->instruction) != frame->rip || !(entry->flags & BUG_IS_WARNING))
			continue;
		r0_printf("warning at %s:%u\n", (const char *)distant(&entry->file), entry->line);
		frame->rip += UD2_LENGTH;
		return;
	}
	unhandled(frame);
}

void r0_linux_warnings(const void *start, const void *stop)
{
	require_guest(__func__);
	bugs = start;
	bugs_end = stop;
	r0_set_handler(R0_UD, on_undefined);
}

/* SPDX-License-Identifier: MIT */
/* command/image/log.c reads these lines. */
#include "image/start/tests/stopped_x86_64.h"
#include <ring0/x86.h>
#include "guest/text/bytes.h"
#include "image/start/cpu/memory_x86_64.h"
#include "image/start/cpu/space_x86_64.h"
#include "image/start/hardware/console_x86_64.h"

#define STACK_WORDS 256
#define STACK_LINE  8

struct stopped stopped;

void stopped_begin(void)
{
	fill_bytes(&stopped, 0, sizeof(stopped));
}

void stopped_take(const struct r0_frame *frame, uint64_t cr2, uint64_t cr3)
{
	stopped = (struct stopped){
		.is_known = true,
		.frame = *frame,
		.cr0 = r0_read_cr0(),
		.cr2 = cr2,
		.cr3 = cr3,
		.cr4 = r0_read_cr4(),
		.cr8 = r0_read_cr8(),
		.efer = r0_rdmsr(R0_MSR_EFER),
		.fs_base = r0_rdmsr(R0_MSR_FS_BASE),
		.gs_base = r0_rdmsr(R0_MSR_GS_BASE),
		.gdt = r0_sgdt(),
		.idt = r0_sidt(),
		.tr = r0_str(),
		.ds = r0_read_ds(),
		.es = r0_read_es(),
		.fs = r0_read_fs(),
		.gs = r0_read_gs(),
	};
}

/* Of a system segment, by its descriptor in the test's GDT: SDM vol. 3A, 7.2.3. */
static uint64_t base_of_task(uint64_t *limit)
{
	uint64_t descriptor[2] = { 0, 0 };

	space_read(stopped.gdt.base + (stopped.tr & ~7u), descriptor, sizeof(descriptor));
	*limit = (descriptor[0] & 0xffff) | (descriptor[0] >> 32 & 0xf0000);
	return (descriptor[0] >> 16 & 0xffffff) | (descriptor[0] >> 32 & 0xff000000) |
	       descriptor[1] << 32;
}

struct register_text {
	const char *name;
	uint64_t value;
};

#define LINE 8

static void print_registers(const char *name, const struct register_text *registers, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (i % LINE == 0)
			console_print("# %s: registers:", name);
		console_print(" %s %#llx", registers[i].name,
			      (unsigned long long)registers[i].value);
		if (i % LINE == LINE - 1 || i == count - 1)
			console_print("\n");
	}
}

static void print_frame(const char *name)
{
	const struct r0_frame *frame = &stopped.frame;
	uint64_t task_limit, task = base_of_task(&task_limit);
	const struct register_text registers[] = {
		{ "rip", frame->rip },	       { "cs", frame->cs },
		{ "rflags", frame->rflags },   { "rsp", frame->rsp },
		{ "ss", frame->ss },	       { "cr2", stopped.cr2 },
		{ "vector", frame->vector },   { "error", frame->error_code },
		{ "rax", frame->rax },	       { "rcx", frame->rcx },
		{ "rdx", frame->rdx },	       { "rbx", frame->rbx },
		{ "rbp", frame->rbp },	       { "rsi", frame->rsi },
		{ "rdi", frame->rdi },	       { "cr0", stopped.cr0 },
		{ "r8", frame->r8 },	       { "r9", frame->r9 },
		{ "r10", frame->r10 },	       { "r11", frame->r11 },
		{ "r12", frame->r12 },	       { "r13", frame->r13 },
		{ "r14", frame->r14 },	       { "r15", frame->r15 },
		{ "cr3", stopped.cr3 },	       { "cr4", stopped.cr4 },
		{ "cr8", stopped.cr8 },	       { "efer", stopped.efer },
		{ "fsbase", stopped.fs_base }, { "gsbase", stopped.gs_base },
		{ "gdt", stopped.gdt.base },   { "gdtlimit", stopped.gdt.limit },
		{ "idt", stopped.idt.base },   { "idtlimit", stopped.idt.limit },
		{ "tr", stopped.tr },	       { "tss", task },
		{ "tsslimit", task_limit },    { "ds", stopped.ds },
		{ "es", stopped.es },	       { "fs", stopped.fs },
		{ "gs", stopped.gs },
	};

	print_registers(name, registers, sizeof(registers) / sizeof(registers[0]));
}

/* The stack from there on: what a backtrace goes by. */
static void print_stack(const char *name)
{
	const uint64_t rsp = stopped.frame.rsp;
	uint64_t line[STACK_LINE], at;
	unsigned int i;

	for (at = rsp & ~7ull; at < rsp + STACK_WORDS * 8; at += sizeof(line)) {
		size_t words_read = space_read(at, line, sizeof(line)) / 8;

		if (!words_read)
			return;
		console_print("# %s: stack: %#llx:", name, (unsigned long long)at);
		for (i = 0; i < words_read; i++)
			console_print(" %llx", (unsigned long long)line[i]);
		console_print("\n");
	}
}

/* The entries that the CPU goes by, as far as there are any. */
static void print_walk(const char *name)
{
	uint64_t table = stopped.cr3 & R0_PAGE_ADDRESS, at, entry;
	int level;

	if (stopped.cr4 & R0_CR4_LA57)
		return;
	for (level = 4; level >= 1; level--) {
		at = table + (stopped.cr2 >> (12 + 9 * (level - 1)) & 511) * 8;
		if (!memory_is_there(at))
			return;
		entry = *(const uint64_t *)r0_direct(at);
		console_print("# %s: entry: %#llx: %#llx\n", name, (unsigned long long)at,
			      (unsigned long long)entry);
		if (!(entry & R0_PAGE_P) || (level < 4 && entry & R0_PAGE_PS))
			return;
		table = entry & R0_PAGE_ADDRESS;
	}
}

void stopped_print(const char *name, const char *how, const char *text)
{
	if (!stopped.is_known)
		return;
	console_print("# %s: end: %s%s%s\n", name, how, text[0] ? ": " : "", text);
	print_frame(name);
	print_stack(name);
	if (stopped.frame.vector == R0_PF)
		print_walk(name);
}

/* SPDX-License-Identifier: MIT */
/* The registers of core files, by architecture. */
#include "command/backtrace/registers.h"
#include <elf.h>

#define WORD(name) (offsetof(union registers, name) / sizeof(uint64_t))

/* System V ABI, AMD64 supplement, figure 3.36. The last is the return address's, whose initial value is RIP. */
static const uint8_t columns_x86_64[] = {
	WORD(rax), WORD(rdx), WORD(rcx), WORD(rbx), WORD(rsi), WORD(rdi),
	WORD(rbp), WORD(rsp), WORD(r8),	 WORD(r9),  WORD(r10), WORD(r11),
	WORD(r12), WORD(r13), WORD(r14), WORD(r15), WORD(rip),
};

/* DWARF for the Arm 64-bit Architecture (AADWARF64), 4.1: X0 to X30, and SP. */
static const uint8_t columns_aarch64[] = {
	0,  1,	2,  3,	4,  5,	6,  7,	8,  9,	10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, WORD(sp),
};

static const struct register_layout layouts[] = {
	{
		.machine = EM_X86_64,
		.count = WORD(gs) + 1,
		.pc = WORD(rip),
		.sp = WORD(rsp),
		.columns = columns_x86_64,
		.column_count = sizeof(columns_x86_64),
		.sp_column = 7,
		.pc_has_column = true,
		.calls_push = true,
	},
	{
		.machine = EM_AARCH64,
		.count = WORD(pstate) + 1,
		.pc = WORD(pc),
		.sp = WORD(sp),
		.columns = columns_aarch64,
		.column_count = sizeof(columns_aarch64),
		.sp_column = 31,
		.link = 30,
		.signs_pointers = true,
	},
};

const struct register_layout *registers_layout(uint16_t machine)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].machine == machine)
			return &layouts[i];
	return NULL;
}

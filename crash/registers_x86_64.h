/* SPDX-License-Identifier: MIT */
/* Registers as the lines of a report. Depends on crash.h alone. */
#ifndef CRASH_REGISTERS_X86_64_H
#define CRASH_REGISTERS_X86_64_H

#include "crash/crash.h"

void crash_registers_print(const struct crash_view *view, FILE *out);

/* Where the CPU is, its stack pointer, and the address of its last page fault. */
static inline uint64_t crash_pc(const struct crash_view *view)
{
	return view->regs.rip;
}

static inline uint64_t crash_sp(const struct crash_view *view)
{
	return view->regs.rsp;
}

static inline uint64_t crash_fault_address(const struct crash_view *view)
{
	return view->cr2;
}

#endif /* CRASH_REGISTERS_X86_64_H */

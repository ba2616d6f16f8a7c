/* SPDX-License-Identifier: MIT */
/* Where the next exception's stack starts: in the CPU's state. */
#include "guest/entry/exception_stack.h"
#include "guest/entry/state.h"

uint64_t exception_stack(const struct r0_cpu *cpu)
{
	return cpu->exception_stack;
}

void set_exception_stack(const struct r0_cpu *cpu, uint64_t top)
{
	r0_cpu_at(&r0_guest, (unsigned int)cpu->number)->exception_stack = top;
}

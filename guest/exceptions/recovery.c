/* SPDX-License-Identifier: MIT */
/* The tries that are under way, one within another. */
#include "guest/entry/exception_stack.h"
#include "guest/entry/state.h"
#include "guest/exceptions/recovery.h"
#include "guest/host/require.h"

int r0_try_link(struct r0_try *try)
{
	struct r0_cpu *cpu;

	require_guest("r0_try");
	cpu = this_cpu();
	try->exception_stack = exception_stack(cpu);
	try->user_stack = cpu->user_stack;
	try->outer = cpu->try;
	try->fault = (struct r0_fault){ .vector = -1 };
	cpu->try = try;
	return 0;
}

void r0_try_end(struct r0_try *try)
{
	this_cpu()->try = try->outer;
}

void leave_try(struct r0_cpu *cpu, const struct r0_try *try)
{
	cpu->try = try->outer;
	cpu->user_stack = try->user_stack;
	set_exception_stack(cpu, try->exception_stack);
}

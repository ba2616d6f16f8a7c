/* SPDX-License-Identifier: MIT */
/* The tries that are under way, one within another, and how an exception goes back to one. */
#include "guest/exception_stack_x86_64.h"
#include "guest/recovery_x86_64.h"
#include "guest/require.h"
#include "guest/state.h"

void recover(struct r0_cpu *cpu, struct r0_frame *frame)
{
	struct r0_try *try = cpu->try;
	const struct r0_recovery *to = &try->recovery;
	uint64_t cs;

	__asm__("mov %%cs, %0" : "=r"(cs));
	frame->rbx = to->rbx;
	frame->rbp = to->rbp;
	frame->r12 = to->r12;
	frame->r13 = to->r13;
	frame->r14 = to->r14;
	frame->r15 = to->r15;
	frame->rsp = to->rsp;
	frame->rip = to->rip;
	frame->rflags = to->rflags;
	frame->ss = to->ss;
	frame->cs = cs & 0xffff;
	frame->rax = 1;
	cpu->try = try->outer;
	cpu->user_stack = try->user_stack;
	set_exception_stack(cpu, try->exception_stack);
}

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

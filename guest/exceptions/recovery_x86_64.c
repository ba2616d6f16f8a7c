/* SPDX-License-Identifier: MIT */
/* How an exception goes back to a try. */
#include "guest/exceptions/recovery.h"

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
	leave_try(cpu, try);
}

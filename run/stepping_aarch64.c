/* SPDX-License-Identifier: MIT */
/* Single steps on arm64, of which nobody makes use: there is no triple fault to look for, and .watch is refused. */
#include "run/stepping.h"
#include <errno.h>
#include <string.h>
#include "run/run.h"

/* Of SPSR_EL1: M[3:2] is the exception level, M[0] that SP_EL1 was in use there. */
#define LEVEL	    0xcu
#define USES_SP_EL1 1u

int stepping_begin(struct run *run)
{
	(void)run;
	return -ENOTSUP;
}

int stepping_next(struct run *run)
{
	(void)run;
	return -ENOTSUP;
}

void stepping_end(struct run *run)
{
	(void)run;
}

bool stepping_exception(struct run *run, uint64_t frame)
{
	(void)run;
	(void)frame;
	return false;
}

struct kvm_regs stepping_frame_registers(const struct r0_frame *frame)
{
	struct kvm_regs regs = { .sp_el1 = frame->sp_el1 };

	memcpy(regs.regs.regs, frame->x, sizeof(regs.regs.regs));
	regs.regs.pc = frame->pc;
	regs.regs.pstate = frame->pstate;
	if (frame->pstate & LEVEL && frame->pstate & USES_SP_EL1)
		regs.sp_el1 = frame->sp;
	else
		regs.regs.sp = frame->sp;
	return regs;
}

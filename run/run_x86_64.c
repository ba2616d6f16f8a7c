/* SPDX-License-Identifier: MIT */
/* Where a vCPU is, for what there is to explain. */
#include "run/run.h"
#include <ring0/fault.h>

void execution_note_registers(struct execution *run)
{
	run->regs = run->cpu->vcpu.run->s.regs.regs;
	run->sregs = run->cpu->vcpu.run->s.regs.sregs;
}

void execution_note_place(struct execution *run, enum crash_kind kind)
{
	run->crash.kind = kind;
	run->explains = true;
	execution_note_registers(run);
	run->fault_address = run->sregs.cr2;
}

void execution_note_frame(struct execution *run, const struct r0_frame *frame)
{
	run->sregs = run->cpu->vcpu.run->s.regs.sregs;
	run->sregs.cs.selector = (uint16_t)frame->cs;
	run->sregs.ss.selector = (uint16_t)frame->ss;
	run->regs = stepping_frame_registers(frame);
}

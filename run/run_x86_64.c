/* SPDX-License-Identifier: MIT */
/* Where a vCPU is, for what there is to explain. */
#include "run/run.h"
#include <ring0/fault.h>

void run_note_registers(struct run *run)
{
	run->regs = run->cpu->vcpu.run->s.regs.regs;
	run->sregs = run->cpu->vcpu.run->s.regs.sregs;
}

void run_note_place(struct run *run, enum crash_kind kind)
{
	run->crash.kind = kind;
	run->explains = true;
	run_note_registers(run);
	run->fault_address = run->sregs.cr2;
}

void run_note_frame(struct run *run, const struct r0_frame *frame)
{
	run->crash.vector = (int)(frame->vector & 0xff);
	run->crash.error_code = frame->error_code;
	run->sregs = run->cpu->vcpu.run->s.regs.sregs;
	run->sregs.cs.selector = (uint16_t)frame->cs;
	run->sregs.ss.selector = (uint16_t)frame->ss;
	run->regs = stepping_frame_registers(frame);
}

/* SPDX-License-Identifier: MIT */
/* Where a vCPU is, for what there is to explain. */
#include "execution/execution.h"

void execution_note_place(struct execution *run, enum crash_kind kind)
{
	run->crash.kind = kind;
	run->explains = true;
	run->regs = run->cpu->vcpu.run->s.regs.regs;
	run->sregs = run->cpu->vcpu.run->s.regs.sregs;
	run->cr2 = run->sregs.cr2;
}

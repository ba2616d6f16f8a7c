/* SPDX-License-Identifier: MIT */
/* Where a vCPU is, for what there is to explain. */
#include "run/run.h"
#include <string.h>
#include "crash/view_aarch64.h"
#include "kvm/vcpu/vcpu_aarch64.h"
#include "machine/cpu.h"
#include "run/system_aarch64.h"

void system_read(const struct machine_cpu *cpu, uint64_t system[CRASH_SYSTEM_REGISTERS])
{
	static const uint64_t ids[CRASH_SYSTEM_REGISTERS] = {
		[CRASH_SCTLR_EL1] = VCPU_SCTLR_EL1, [CRASH_TCR_EL1] = VCPU_TCR_EL1,
		[CRASH_TTBR0_EL1] = VCPU_TTBR0_EL1, [CRASH_TTBR1_EL1] = VCPU_TTBR1_EL1,
		[CRASH_MAIR_EL1] = VCPU_MAIR_EL1,   [CRASH_VBAR_EL1] = VCPU_VBAR_EL1,
		[CRASH_ESR_EL1] = VCPU_ESR_EL1,	    [CRASH_CPACR_EL1] = VCPU_CPACR_EL1,
	};
	unsigned int i;

	for (i = 0; i < CRASH_SYSTEM_REGISTERS; i++)
		vcpu_get(&cpu->vcpu, ids[i], &system[i], NULL);
}

void run_note_registers(struct run *run)
{
	run->regs = cpu_registers(run->cpu);
	system_read(run->cpu, run->system);
}

void run_note_place(struct run *run, enum crash_kind kind)
{
	run->crash.kind = kind;
	run->explains = true;
	run_note_registers(run);
	vcpu_get(&run->cpu->vcpu, VCPU_FAR_EL1, &run->fault_address, NULL);
}

void run_note_frame(struct run *run, const struct r0_frame *frame)
{
	run->crash.vector = (int)(frame->vector & 0xff);
	run->crash.error_code = frame->esr;
	run->regs = stepping_frame_registers(frame);
	system_read(run->cpu, run->system);
	run->system[CRASH_ESR_EL1] = frame->esr;
	run->system[CRASH_TTBR0_EL1] = frame->ttbr0;
}

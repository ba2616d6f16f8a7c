/* SPDX-License-Identifier: MIT */
/* A CPU that has no work waits in the WFI behind the doorbell: see guest/entry/entry_aarch64.S, r0_cpu_rest(). */
#include <ring0/private/abi.h>
#include "kvm/vcpu/vcpu_aarch64.h"
#include "machine/cpu.h"
#include "run/idle.h"

#define INSTRUCTION_LENGTH 4

const bool idle_at_first = false;

/* It executes the WFI next. */
int idle_wait(struct machine_cpu *cpu, struct error *error)
{
	(void)cpu;
	(void)error;
	return 0;
}

/* KVM adds the length of the store to PC when it completes it. */
int idle_go_on(struct machine_cpu *cpu, struct error *error)
{
	int err = vcpu_set(&cpu->vcpu, VCPU_CORE(regs.pc),
			   (uint64_t)r0_idle_waits - INSTRUCTION_LENGTH, error);

	return err < 0 ? err : 0;
}

/* Before the WFI, or behind it, when what had it leave KVM_RUN has ended that. */
int idle_is_on(const struct machine_cpu *cpu, struct error *error)
{
	uint64_t pc;
	int err = vcpu_get(&cpu->vcpu, VCPU_CORE(regs.pc), &pc, error);

	if (err < 0)
		return err;
	return pc == (uint64_t)r0_idle_waits || pc == (uint64_t)r0_idle_waits - INSTRUCTION_LENGTH;
}

int idle_end(struct machine_cpu *cpu, struct error *error)
{
	int err = vcpu_set(&cpu->vcpu, VCPU_CORE(regs.pc), (uint64_t)r0_idle_waits, error);

	return err < 0 ? err : 0;
}

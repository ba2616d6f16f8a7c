/* SPDX-License-Identifier: MIT */
/* What a vCPU's thread and a snapshot need to know of arm64. */
#include "kvm/vcpu/vcpu_aarch64.h"
#include "monitor/cpu.h"

const struct vcpu_identity *monitor_identity(const struct r0_vm *vm)
{
	(void)vm;
	return NULL;
}

/* Each step clears the monitor of an LDXR, so that a loop up to its STXR never ends: Arm ARM (DDI 0487), B2.9.5. */
bool monitor_can_step(void)
{
	return false;
}

/* By PSCI's CPU_ON, which KVM serves. */
bool monitor_needs_no_entry(const struct r0_vm *vm, unsigned int number)
{
	(void)vm;
	(void)number;
	return true;
}

/* All but the first are off. */
int monitor_init_cpu(struct monitor_cpu *cpu, struct error *error)
{
	struct kvm_mp_state off = { .mp_state = KVM_MP_STATE_STOPPED };
	int err = cpu->number ? KVM_IOCTL(cpu->vcpu.fd, KVM_SET_MP_STATE, &off, error) : 0;

	return err < 0 ? err : 0;
}

bool monitor_serve_own(struct monitor_cpu *cpu)
{
	(void)cpu;
	return false;
}

/* Nothing goes by single steps here. */
bool monitor_waits(struct monitor_cpu *cpu)
{
	(void)cpu;
	return false;
}

/* The exit is before the store, or behind it: a hit is noted in the latter case. */
uint64_t monitor_stopped_at(const struct monitor_cpu *cpu)
{
	uint64_t pc;

	vcpu_get(&cpu->vcpu, VCPU_CORE(regs.pc), &pc, NULL);
	return pc;
}

int monitor_restore_cpu(struct monitor_cpu *cpu, const struct vcpu_state *state,
			struct error *error)
{
	int err = vcpu_state_restore(state, &cpu->vcpu, error);

	return err ? err : vcpu_state_restore_events(state, &cpu->vcpu, error);
}

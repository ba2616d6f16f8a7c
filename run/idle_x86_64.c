/* SPDX-License-Identifier: MIT */
/* A CPU that has no work is halted by the host, with interrupts on. */
#include <ring0/private/abi.h>
#include "machine/cpu.h"
#include "run/idle.h"

const bool idle_at_first = true;

static int set_mp_state(struct machine_cpu *cpu, uint32_t value, struct error *error)
{
	struct kvm_mp_state state = { .mp_state = value };
	int err = KVM_IOCTL(cpu->vcpu.fd, KVM_SET_MP_STATE, &state, error);

	return err < 0 ? err : 0;
}

int idle_wait(struct machine_cpu *cpu, struct error *error)
{
	return set_mp_state(cpu, KVM_MP_STATE_HALTED, error);
}

/* It does, as nothing has halted it. */
int idle_go_on(struct machine_cpu *cpu, struct error *error)
{
	(void)cpu;
	(void)error;
	return 0;
}

int idle_is_on(const struct machine_cpu *cpu, struct error *error)
{
	const uint64_t rip = cpu_pc(cpu);
	struct kvm_mp_state state;
	int err;

	if (rip != (uint64_t)r0_cpu_start && rip != (uint64_t)r0_idle_waits)
		return 0;
	err = KVM_IOCTL(cpu->vcpu.fd, KVM_GET_MP_STATE, &state, error);
	return err < 0 ? err : state.mp_state == KVM_MP_STATE_HALTED;
}

int idle_end(struct machine_cpu *cpu, struct error *error)
{
	return set_mp_state(cpu, KVM_MP_STATE_RUNNABLE, error);
}

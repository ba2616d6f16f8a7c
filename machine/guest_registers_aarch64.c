/* SPDX-License-Identifier: MIT */
/*
 * A CPU's registers where a test starts. The guest has come there from the reset or from the test before, and has put
 * back by itself what it does; the host looks at every register that KVM lists.
 */
#include "machine/guest_registers.h"
#include <errno.h>
#include <stdlib.h>
#include <ring0/private/abi.h>
#include "kvm/vcpu/vcpu_aarch64.h"
#include "machine/cpu.h"

struct guest_registers {
	struct vcpu_state *state;
};

/* Signals that end KVM_RUN, and a timer that is not due any more: api.rst, KVM_CAP_ARM_USER_IRQ. */
#define INTERRUPTIONS 1000

static int run_uninterrupted(struct vcpu *vcpu, struct error *error)
{
	unsigned int left = INTERRUPTIONS;
	int err;

	vcpu_clear_kick(vcpu);
	do
		err = KVM_IOCTL_VALUE(vcpu->fd, KVM_RUN, 0, error);
	while (err == -EINTR && --left);
	return err;
}

/* To where a test would start. From there it goes on as from a test's end. */
static int run_to_start(struct machine_cpu *cpu, struct error *error)
{
	struct vcpu *vcpu = &cpu->vcpu;
	uint64_t pc;
	int err;

	cpu_start_at(cpu, r0_ready, NULL, 0);
	err = run_uninterrupted(vcpu, error);
	if (err < 0)
		return err;
	pc = cpu_pc(cpu);
	if (vcpu->run->exit_reason != KVM_EXIT_MMIO || pc != (uint64_t)r0_ready_doorbell)
		return error_set(error, EIO,
				 "the guest did not come to where a test starts: exit %u at %#llx",
				 vcpu->run->exit_reason, (unsigned long long)pc);
	vcpu->own->goes_on = true;
	return 0;
}

int guest_registers_find(struct guest_registers **result, struct machine_cpu *cpu,
			 struct error *error)
{
	struct guest_registers *registers = calloc(1, sizeof(*registers));
	int err;

	if (!registers)
		return error_set(error, ENOMEM, "no memory");
	err = run_to_start(cpu, error);
	if (err >= 0)
		err = vcpu_state_note(&registers->state, &cpu->vcpu, error);
	if (err < 0) {
		free(registers);
		return err;
	}
	*result = registers;
	return 0;
}

void guest_registers_destroy(struct guest_registers *registers)
{
	if (!registers)
		return;
	vcpu_state_destroy(registers->state);
	free(registers);
}

int guest_registers_copy(struct guest_registers **registers, const struct guest_registers *list,
			 struct machine_cpu *cpu, struct error *error)
{
	(void)list;
	return guest_registers_find(registers, cpu, error);
}

int guest_registers_differ(const struct guest_registers *registers, struct machine_cpu *cpu,
			   char *what, size_t size, struct error *error)
{
	int err = run_to_start(cpu, error);

	return err < 0 ? err :
			 vcpu_state_compare_now(registers->state, &cpu->vcpu, what, size, error);
}

/* SPDX-License-Identifier: MIT */
/* The runtime's own watched store, on a machine for tests. */
#include "execution/watch_probe.h"
#include <stdatomic.h>
#include <ring0/private/abi.h>

/* The process's answer, and 1; 0 before it is known. */
static _Atomic(int) known;

static enum watch_answer try(struct machine *machine)
{
	const struct watch_point point = {
		.address = (uint64_t)&r0_guest.first.scratch,
		.length = 8,
	};
	struct vcpu *vcpu = &machine->cpus[0].vcpu;

	vcpu->run->s.regs.regs.rip = (uint64_t)r0_watch_probe;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	vcpu_complete(vcpu);
	return watch_probe(vcpu, &point);
}

int watch_probe_machine(struct machine *machine, struct error *error)
{
	int answer = atomic_load(&known) - 1, err;

	if (answer >= 0)
		return answer;
	answer = try(machine);
	err = machine_reset(machine, error);
	if (err)
		return err;
	if (answer != WATCH_UNKNOWN)
		atomic_store(&known, answer + 1);
	return answer;
}

/* SPDX-License-Identifier: MIT */
/* One watched store, run to see what KVM makes of it. */
#include "execution/watch_probe.h"
#include <stdatomic.h>
#include <ring0/private/abi.h>
#include "kvm/watch.h"

/* More exits than two instructions and the doorbell can make. */
#define EXITS_MAX 16

/* The process's, once it is known; 0 before. */
static _Atomic(int) known;

static enum watch_answer try(struct machine *machine)
{
	const struct watch_set set = {
		.points[0] = { .address = (uint64_t)&r0_guest.first.scratch, .length = 8 },
	};
	struct vcpu *vcpu = &machine->cpus[0].vcpu;
	enum watch_answer answer = WATCH_NEVER_FIRES;
	struct kvm_guest_debug debug;
	int i;

	vcpu->run->s.regs.regs.rip = (uint64_t)r0_watch_probe;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	vcpu_complete(vcpu);
	watch_encode(&set, 1, false, &debug);
	if (KVM_IOCTL(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug, NULL) < 0)
		return WATCH_REFUSED;
	for (i = 0; i < EXITS_MAX; i++) {
		if (vcpu_run(vcpu, NULL) != 0) {
			/* A kick stays in force, and reaches the test that is to come. */
			answer = WATCH_UNKNOWN;
			break;
		}
		if (vcpu->run->exit_reason != KVM_EXIT_DEBUG)
			break;
		if (watch_decode(&set, 1, &vcpu->run->debug.arch).hits)
			answer = WATCH_FIRES;
	}
	debug.control = 0;
	KVM_IOCTL(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug, NULL);
	vcpu_complete(vcpu);
	return answer;
}

int watch_probe(struct machine *machine, struct error *error)
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

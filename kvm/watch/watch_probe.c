/* SPDX-License-Identifier: MIT */
/* One watched store, run to see what KVM makes of it. */
#include "kvm/watch/watch_probe.h"

/* More exits than two instructions and what ends them can make. */
#define EXITS_MAX 16

enum watch_answer watch_probe(struct vcpu *vcpu, const struct watch_point *point)
{
	const struct watch_set set = { .points[0] = *point };
	enum watch_answer answer = WATCH_NEVER_FIRES;
	struct kvm_guest_debug debug;
	int i;

	watch_encode(&set, 1, false, &debug);
	if (KVM_IOCTL(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug, NULL) < 0)
		return WATCH_REFUSED;
	for (i = 0; i < EXITS_MAX; i++) {
		if (vcpu_run(vcpu, NULL) != 0) {
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

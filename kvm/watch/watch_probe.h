/* SPDX-License-Identifier: MIT */
/*
 * Whether KVM's watchpoints fire: some KVMs take one and never tell of a write. Depends on kvm/vcpu/vcpu.h
 * and kvm/watch/watch.h.
 */
#ifndef KVM_WATCH_WATCH_PROBE_H
#define KVM_WATCH_WATCH_PROBE_H

#include "kvm/vcpu/vcpu.h"
#include "kvm/watch/watch.h"

enum watch_answer {
	WATCH_FIRES,
	WATCH_NEVER_FIRES,
	WATCH_REFUSED, /* KVM does not take it */
	WATCH_UNKNOWN, /* interrupted before it could be seen */
};

/*
 * Run a vCPU that is about to write to a place and to leave the VM soon after, with a watchpoint there.
 * From the vCPU's thread. Afterwards it is at rest, somewhere past the write, and watches nothing; a
 * kick that came stays in force.
 */
enum watch_answer watch_probe(struct vcpu *vcpu, const struct watch_point *point);

#endif /* KVM_WATCH_WATCH_PROBE_H */

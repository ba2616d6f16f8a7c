/* SPDX-License-Identifier: MIT */
/* The local APIC in a vCPU's state, and what belongs to it: of VMs in which KVM has one. */
#ifndef KVM_STATE_LOCAL_APIC_X86_64_H
#define KVM_STATE_LOCAL_APIC_X86_64_H

#include "kvm/state/state_x86_64.h"

/* Put it back, and the system registers, which decide what it means. Returns 0 or -errno. */
int local_apic_restore(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error);

/*
 * Of a vCPU whose run state has been put back: what the interrupt commands of KVM's own have asked of it is
 * forgotten, if it halts. Returns 0 or -errno.
 */
int local_apic_drop_kick(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error);

/*
 * Whether it and the run state are as they were, nothing that another CPU has sent is left, and the
 * system registers of the last exit hold: 1, 0 or -errno. Where that can't be told it is 0.
 */
int local_apic_is_the_same(const struct vcpu_state *state, const struct vcpu *vcpu,
			   struct error *error);

#endif /* KVM_STATE_LOCAL_APIC_X86_64_H */

/* SPDX-License-Identifier: MIT */
/* What kvm/vcpu/vcpu.c leaves to the architecture. */
#ifndef KVM_VCPU_VCPU_OWN_H
#define KVM_VCPU_VCPU_OWN_H

#include "kvm/vcpu/vcpu.h"

/*
 * Have a new vCPU say of itself what it is to, and its registers be in vcpu->run after each exit.
 * Returns 0 or -errno; vcpu_own_finish() is due in either case.
 */
int vcpu_own_init(struct vcpu *vcpu, uint32_t id, const struct vcpu_identity *identity,
		  struct error *error);
void vcpu_own_finish(struct vcpu *vcpu);

#endif /* KVM_VCPU_VCPU_OWN_H */

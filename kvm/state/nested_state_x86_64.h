/* SPDX-License-Identifier: MIT */
/*
 * A vCPU whose guest is a hypervisor itself: in VMX operation, or with a nested guest or GIF clear by SVM.
 * What that takes beyond registers and memory: api.rst, KVM_GET_NESTED_STATE.
 */
#ifndef KVM_STATE_NESTED_STATE_X86_64_H
#define KVM_STATE_NESTED_STATE_X86_64_H

#include "kvm/vcpu/vcpu.h"

/*
 * What the vCPU has of it, or NULL for an ordinary guest, into *state, which the caller free()s. Returns
 * 0 or -errno.
 */
int nested_state_take(struct kvm_nested_state **state, const struct vcpu *vcpu,
		      struct error *error);

/*
 * Whether by SVM GIF is clear or there is a nested guest, or KVM doesn't say: one ioctl, on a host with SVM alone. For
 * when memory for all of the state isn't worth it.
 */
bool nested_state_is_svm(const struct vcpu *vcpu);

/*
 * Have the vCPU be an ordinary guest's: before its system registers are set, as CR4.VMXE can't be cleared
 * in VMX operation (SDM vol. 3C, 24.8). Returns 0 or -errno.
 */
int nested_state_leave(const struct vcpu *vcpu, struct error *error);

/*
 * Put it back, after memory, system registers and MSRs, and before general registers and events. Returns
 * 0 or -errno: KVM checks it.
 */
int nested_state_set(const struct kvm_nested_state *state, const struct vcpu *vcpu,
		     struct error *error);

/* Whether KVM can give it to a vCPU of this host's. */
bool nested_state_fits(const struct kvm_nested_state *state, const struct vcpu *vcpu);

/* "VMX operation", or what it is. */
const char *nested_state_name(const struct kvm_nested_state *state);

/* Whether these bytes may be one. */
bool nested_state_is_valid(const void *bytes, size_t size);

#endif /* KVM_STATE_NESTED_STATE_X86_64_H */

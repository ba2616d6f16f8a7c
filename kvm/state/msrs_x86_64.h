/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing lists of a vCPU's MSRs, however long: KVM takes no more than 255 in one call, and
 * refuses a longer list as a whole (Linux, arch/x86/kvm/x86.c, MAX_IO_MSRS).
 */
#ifndef KVM_STATE_MSRS_X86_64_H
#define KVM_STATE_MSRS_X86_64_H

#include "kvm/vcpu/vcpu.h"

/*
 * Read or write `count` MSRs in their order, up to the first one that KVM refuses. Return how many that
 * were; or -errno if KVM refuses the call itself, which says nothing of any MSR.
 */
int msrs_read(const struct vcpu *vcpu, struct kvm_msr_entry *entries, size_t count,
	      struct error *error);
int msrs_write(const struct vcpu *vcpu, const struct kvm_msr_entry *entries, size_t count,
	       struct error *error);

#endif /* KVM_STATE_MSRS_X86_64_H */

/* SPDX-License-Identifier: MIT */
/* What x86's KVM tells of itself. */
#ifndef KVM_KVM_X86_64_H
#define KVM_KVM_X86_64_H

#include "kvm/kvm.h"

struct kvm_own {
	size_t xsave_size;	   /* of a vCPU's XSAVE area, in bytes */
	size_t nested_size;	   /* of a hypervisor's state in a guest, at most; or 0 */
	uint64_t quirks;	   /* that can be disabled, for KVM_CAP_DISABLE_QUIRKS2 */
	bool has_xcrs;		   /* it has XCR0, as its CPU has XSAVE */
	bool is_vmx;		   /* the host's CPU has VMX */
	bool tsc_deadline;	   /* local APICs in KVM have the timer mode of that name */
	struct kvm_cpuid2 *cpuid;  /* what this KVM supports */
	struct kvm_msr_list *msrs; /* that it saves and restores */
};

enum cpuid_register { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

/* The entry of a leaf in a list, and of that subleaf if the leaf has some; NULL if it is not there. */
struct kvm_cpuid_entry2 *kvm_cpuid_leaf(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t subleaf);

#endif /* KVM_KVM_X86_64_H */

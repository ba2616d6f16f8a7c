/* SPDX-License-Identifier: MIT */
/* What the state of an x86 vCPU is made of, for what takes, restores, stores and compares it. */
#ifndef KVM_STATE_STATE_X86_64_H
#define KVM_STATE_STATE_X86_64_H

#include "kvm/vcpu/cpu_features_x86_64.h"
#include "kvm/vcpu/vcpu.h"

struct vcpu_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debugregs;
	struct kvm_xcrs xcrs;
	struct kvm_mp_state mp_state;
	struct kvm_lapic_state lapic; /* of a VM with interrupt controllers */
	struct kvm_xsave *xsave;      /* xsave_size bytes, which are kvm->own->xsave_size */
	size_t xsave_size;
	struct kvm_msrs *msrs;		 /* all that can be put back */
	struct kvm_msrs *msrs_now;	 /* room to read them for comparison */
	struct kvm_nested_state *nested; /* of a guest that is a hypervisor, or NULL */
	uint64_t tsc_offset;
	/* What its CPUID says of features: kvm/vcpu/cpu_features_x86_64.h. */
	uint32_t features[CPU_FEATURE_WORDS];
	bool has_mp_state;
	bool has_tsc_offset;
	bool has_xsave; /* without it CR4.OSXSAVE can't be set, nor XCR0 changed (SDM vol. 1, 13.2) */
};

/* Room for a state, all zero. NULL with a message if there is no memory. */
struct vcpu_state *vcpu_state_allocate(size_t xsave_size, size_t msr_count, struct error *error);

#endif /* KVM_STATE_STATE_X86_64_H */

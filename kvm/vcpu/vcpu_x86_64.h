/* SPDX-License-Identifier: MIT */
/* What only x86's vCPUs have: CPUID. */
#ifndef KVM_VCPU_VCPU_X86_64_H
#define KVM_VCPU_VCPU_X86_64_H

#include "kvm/kvm_x86_64.h"
#include "kvm/vcpu/vcpu.h"

/* CPUID entries that take the place of what KVM supports, by leaf and subleaf. */
struct vcpu_identity {
	const struct kvm_cpuid_entry2 *entries;
	size_t count;
	bool hypervisor; /* it says that it is in a VM, which KVM itself leaves open */
};

struct vcpu_own {
	/* As of the last exit before a shutdown, by which KVM may have reset them, once there was one. */
	bool has_last;
	struct kvm_regs last_regs;
	struct kvm_sregs last_sregs;
	struct kvm_cpuid2 cpuid; /* what its CPUID says; its entries follow */
};

/* A feature bit of the vCPU's CPUID: of a register of a leaf's first subleaf. */
bool vcpu_cpuid_has(const struct vcpu *vcpu, uint32_t leaf, enum cpuid_register from,
		    unsigned int bit);

#endif /* KVM_VCPU_VCPU_X86_64_H */

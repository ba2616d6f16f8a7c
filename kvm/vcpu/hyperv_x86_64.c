/* SPDX-License-Identifier: MIT */
/* Hyper-V's CPUID leaves. */
#include "kvm/vcpu/hyperv_x86_64.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LEAF 0x40000000u
#define LEAVES	   0x100u
#define KVM_LEAVES 2 /* signature and features */

int hyperv_supported(const struct vcpu *vcpu, struct kvm_cpuid2 **result, struct error *error)
{
	struct kvm_cpuid2 *leaves;
	int err;

	if (ioctl(vcpu->vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_HYPERV_CPUID) <= 0)
		return error_set(error, ENOTSUP,
				 "this KVM has nothing of Hyper-V's (KVM_CAP_HYPERV_CPUID)");
	leaves = calloc(1, sizeof(*leaves) + HYPERV_LEAVES_MAX * sizeof(leaves->entries[0]));
	if (!leaves)
		return error_set(error, ENOMEM, "no memory for the list of CPUID leaves");
	leaves->nent = HYPERV_LEAVES_MAX;
	err = KVM_IOCTL_VALUE(vcpu->fd, KVM_GET_SUPPORTED_HV_CPUID, leaves, error);
	if (err < 0) {
		free(leaves);
		return err;
	}
	*result = leaves;
	return 0;
}

void hyperv_add(struct kvm_cpuid2 *cpuid, const struct kvm_cpuid2 *leaves)
{
	uint32_t i;

	for (i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function - FIRST_LEAF >= KVM_LEAVES)
			continue;
		/* Its last leaf, or nothing. */
		if (entry->function == FIRST_LEAF && entry->eax)
			entry->eax += LEAVES;
		entry->function += LEAVES;
	}
	memcpy(&cpuid->entries[cpuid->nent], leaves->entries,
	       leaves->nent * sizeof(leaves->entries[0]));
	cpuid->nent += leaves->nent;
}

int hyperv_enable(const struct vcpu *vcpu, struct error *error)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_HYPERV_SYNIC2 };

	if (!vcpu->vm->irqchip ||
	    ioctl(vcpu->vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_HYPERV_SYNIC2) <= 0)
		return 0;
	return KVM_IOCTL(vcpu->fd, KVM_ENABLE_CAP, &cap, error);
}

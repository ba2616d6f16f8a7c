/* SPDX-License-Identifier: MIT */
/* What arm64's KVM tells of itself. */
#ifndef KVM_KVM_AARCH64_H
#define KVM_KVM_AARCH64_H

#include "kvm/kvm.h"

struct kvm_own {
	unsigned int physical_bits; /* of a VM's guest-physical addresses */
	bool sve;		    /* its CPUs may have it */
	bool pointer_authentication;
	bool nisv; /* accesses without a valid syndrome can be had: KVM_CAP_ARM_NISV_TO_USER */
};

#endif /* KVM_KVM_AARCH64_H */

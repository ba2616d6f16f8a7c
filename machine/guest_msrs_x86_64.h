/* SPDX-License-Identifier: MIT */
/*
 * The MSRs that a guest can write, read by RDMSR in the guest and by KVM, one and the other: to check the
 * reset by. Which there are is found out by trying them, one by one, and not by what the reset keeps.
 */
#ifndef MACHINE_GUEST_MSRS_X86_64_H
#define MACHINE_GUEST_MSRS_X86_64_H

#include "kvm/vcpu.h"

struct guest_msrs;

/*
 * Find those of a vCPU in its entry state. Its registers are garbage after that, and after what follows.
 * Returns 0 or -errno. guest_msrs_destroy() releases it and takes NULL.
 */
int guest_msrs_find(struct guest_msrs **msrs, struct vcpu *vcpu, struct error *error);
void guest_msrs_destroy(struct guest_msrs *msrs);

/* The same ones with another vCPU's values. Returns 0 or -errno. */
int guest_msrs_copy(struct guest_msrs **msrs, const struct guest_msrs *list, struct vcpu *vcpu,
		    struct error *error);

/* Compare with what a vCPU has now: 1 and the first that differs, as text; 0; or -errno. */
int guest_msrs_differ(const struct guest_msrs *msrs, struct vcpu *vcpu, char *what, size_t size,
		      struct error *error);

#endif /* MACHINE_GUEST_MSRS_X86_64_H */

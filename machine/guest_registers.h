/* SPDX-License-Identifier: MIT */
/*
 * Registers of a CPU's that a guest can write, on x86 MSRs, read in the guest and by KVM, one and the other:
 * to check the reset by. Which there are is found out by trying them, one by one, and not by what the reset
 * keeps. Of the architecture.
 */
#ifndef MACHINE_GUEST_REGISTERS_H
#define MACHINE_GUEST_REGISTERS_H

#include "kvm/vcpu/vcpu.h"

struct guest_registers;

/*
 * Find those of a vCPU in its entry state. Its general registers are garbage after that, and after what follows.
 * Returns 0 or -errno. guest_registers_destroy() releases it and takes NULL.
 */
int guest_registers_find(struct guest_registers **registers, struct vcpu *vcpu,
			 struct error *error);
void guest_registers_destroy(struct guest_registers *registers);

/* The same ones with another vCPU's values. Returns 0 or -errno. */
int guest_registers_copy(struct guest_registers **registers, const struct guest_registers *list,
			 struct vcpu *vcpu, struct error *error);

/* Compare with what a vCPU has now: 1 and the first that differs, as text; 0; or -errno. */
int guest_registers_differ(const struct guest_registers *registers, struct vcpu *vcpu, char *what,
			   size_t size, struct error *error);

#endif /* MACHINE_GUEST_REGISTERS_H */

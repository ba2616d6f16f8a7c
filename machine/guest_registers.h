/* SPDX-License-Identifier: MIT */
/*
 * A CPU's registers where the guest runs, to check the reset by. Of the architecture: on x86 the MSRs that a guest can
 * write, read in the guest and by KVM, one and the other, and found by trying them, one by one, not by what the
 * reset keeps; on arm64 all registers, when the guest has come to where a test starts.
 */
#ifndef MACHINE_GUEST_REGISTERS_H
#define MACHINE_GUEST_REGISTERS_H

#include "machine/machine.h"

struct guest_registers;

/*
 * Find those of a CPU in its entry state. Its general registers are garbage after that, and after what follows.
 * Returns 0 or -errno. guest_registers_destroy() releases it and takes NULL.
 */
int guest_registers_find(struct guest_registers **registers, struct machine_cpu *cpu,
			 struct error *error);
void guest_registers_destroy(struct guest_registers *registers);

/* The same ones with another CPU's values. Returns 0 or -errno. */
int guest_registers_copy(struct guest_registers **registers, const struct guest_registers *list,
			 struct machine_cpu *cpu, struct error *error);

/* Compare with what a CPU has now: 1 and the first that differs, as text; 0; or -errno. */
int guest_registers_differ(const struct guest_registers *registers, struct machine_cpu *cpu,
			   char *what, size_t size, struct error *error);

#endif /* MACHINE_GUEST_REGISTERS_H */

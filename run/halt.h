/* SPDX-License-Identifier: MIT */
/* Whether a vCPU halts that KVM keeps in KVM_RUN meanwhile. Of the architecture. */
#ifndef RUN_HALT_H
#define RUN_HALT_H

#include "machine/machine.h"

/* Whether a CPU of a machine with interrupt controllers, which is out of KVM_RUN, halts. */
bool halt_is_on(const struct machine_cpu *cpu);

/* The exception that no masking of interrupts holds back. */
extern const int halt_unmasked;

/* Whether it does so with interrupts off, and no device can end that: other CPUs can. */
bool halt_is_for_good(const struct machine *machine, const struct machine_cpu *cpu);

#endif /* RUN_HALT_H */

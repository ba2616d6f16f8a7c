/* SPDX-License-Identifier: MIT */
/* What execution/machine.c leaves to the architecture. */
#ifndef EXECUTION_MACHINE_OWN_H
#define EXECUTION_MACHINE_OWN_H

#include "execution/machine.h"

/*
 * What the architecture and KVM say of a mirror's configuration: the sizes of guest-physical addresses and
 * of pages, and where the devices of .irqchip are.
 */
void machine_own_configure(const struct kvm *kvm, struct mirror_config *config);

/* Make the machine's next vCPU, in the state in which tests start. Returns 0 or -errno. */
int machine_own_cpu(struct machine *machine, const struct machine_options *options,
		    struct error *error);

#endif /* EXECUTION_MACHINE_OWN_H */

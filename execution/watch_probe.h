/* SPDX-License-Identifier: MIT */
/* Whether KVM's watchpoints fire, found out on a machine for tests. Depends on machine.h. */
#ifndef EXECUTION_WATCH_PROBE_H
#define EXECUTION_WATCH_PROBE_H

#include "kvm/watch/watch_probe.h"
#include "machine/machine.h"

/*
 * Find out on a pristine machine, which is pristine again afterwards; in a process once, but for
 * WATCH_UNKNOWN. From the vCPU's thread. Returns the answer, or -errno if the machine can't be
 * reset.
 */
int watch_probe_machine(struct machine *machine, struct error *error);

#endif /* EXECUTION_WATCH_PROBE_H */

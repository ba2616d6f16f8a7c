/* SPDX-License-Identifier: MIT */
/*
 * Whether KVM's watchpoints fire: some KVMs take one and never tell of a write. Depends on
 * machine.h.
 */
#ifndef EXECUTION_WATCH_PROBE_H
#define EXECUTION_WATCH_PROBE_H

#include "execution/machine.h"

enum watch_answer {
	WATCH_FIRES,
	WATCH_NEVER_FIRES,
	WATCH_REFUSED, /* KVM does not take it */
	WATCH_UNKNOWN, /* interrupted before it could be seen */
};

/*
 * Find out on a pristine machine, which is pristine again afterwards; in a process once, but for
 * WATCH_UNKNOWN. From the vCPU's thread. Returns the answer, or -errno if the machine can't be
 * reset.
 */
int watch_probe(struct machine *machine, struct error *error);

#endif /* EXECUTION_WATCH_PROBE_H */

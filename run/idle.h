/* SPDX-License-Identifier: MIT */
/* How a CPU of several waits that has no work. KVM keeps it in KVM_RUN meanwhile. Of the architecture. */
#ifndef RUN_IDLE_H
#define RUN_IDLE_H

#include "machine/machine.h"

/* Whether a CPU waits so when a test starts, or has yet to look for work. */
extern const bool idle_at_first;

/* A CPU says that it has no work (R0_MESSAGE_IDLE): it is to wait, or, as there is some, to look again. Return 0 or -errno. */
int idle_wait(struct machine_cpu *cpu, struct error *error);
int idle_go_on(struct machine_cpu *cpu, struct error *error);

/*
 * Whether a CPU that is out of KVM_RUN waits so, and is not in an interrupt's handler or in work already: 1, 0 or -errno.
 * idle_end() has it go on. Returns 0 or -errno.
 */
int idle_is_on(const struct machine_cpu *cpu, struct error *error);
int idle_end(struct machine_cpu *cpu, struct error *error);

#endif /* RUN_IDLE_H */

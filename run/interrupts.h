/* SPDX-License-Identifier: MIT */
/*
 * A machine with interrupt controllers stays in KVM_RUN while its vCPU halts: what its run needs of the
 * host meanwhile. Of the architecture.
 */
#ifndef RUN_INTERRUPTS_H
#define RUN_INTERRUPTS_H

#include <stdio.h>
#include "run/run.h"

/*
 * Whether what the test declares leaves alone what such a machine has of its own: 0, or -EINVAL with the
 * run's complaint. Before any of it is made: KVM may refuse it for the same reason.
 */
int interrupts_check(struct run *run);

/*
 * From interrupts_begin() to interrupts_end() an alarm has the first vCPU come out now and then, others
 * from alarm_look() on; interrupts_serve() then does what is due for run->cpu, and returns whether it
 * halts for good.
 */
int interrupts_begin(struct run *run);
bool interrupts_serve(struct run *run);
void interrupts_end(struct run *run);

/* What the interrupt controllers hold, as text, into `out`. */
void interrupts_describe(const struct run *run, FILE *out);

/* The local APICs of the other CPUs that have a vector requested or in service. */
void interrupts_describe_others(const struct run *run, FILE *out);

#endif /* RUN_INTERRUPTS_H */

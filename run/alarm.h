/* SPDX-License-Identifier: MIT */
/*
 * When a vCPU of a machine with interrupt controllers is to come out of KVM_RUN, where it stays while it
 * halts: by the clock, for its devices, and to be looked at.
 */
#ifndef RUN_ALARM_H
#define RUN_ALARM_H

#include "run/run.h"

/* Have run->cpu come out when the next of all that is due, as it is now. Returns 0 or -errno. */
int alarm_set(struct run *run);

/* At the start of a run: nothing is due for that CPU. */
void alarm_forget(struct machine_cpu *cpu);

/* Have run->cpu looked at soon, whether it halts for good, and then less and less often. */
int alarm_look(struct run *run);

/*
 * The same for the first CPU, when the run begins: sooner if there are others, which run from then on at the
 * latest.
 */
int alarm_begin(struct run *run);

/* Look again in twice as long as the last time, within reason. */
void alarm_put_off(struct machine_poll *poll, uint64_t now);

/* Have r0_wait_halt() end at that time of the monotonic clock. */
void alarm_wake_at(struct run *run, uint64_t when_ns);

#endif /* RUN_ALARM_H */

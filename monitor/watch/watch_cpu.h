/* SPDX-License-Identifier: MIT */
/* Watched variables, in the vCPUs' threads. What is asked of them is in monitor/watch/watches.c. */
#ifndef MONITOR_WATCH_WATCH_CPU_H
#define MONITOR_WATCH_WATCH_CPU_H

#include "monitor/state.h"

/* A new vCPU's part in watching. */
void monitor_watch_init(struct monitor_cpu *cpu);

/* In a vCPU's thread: watchpoints before KVM_RUN, KVM_RUN itself while they count, a debug exit. */
int monitor_watch_arm(struct monitor_cpu *cpu, struct error *error);
int monitor_watch_run(struct monitor_cpu *cpu, struct error *error);
void monitor_watch_debug(struct monitor_cpu *cpu);

/* A vCPU whose page tables map the place, or NULL. At rest. */
struct monitor_cpu *monitor_watch_mapping(struct r0_vm *vm, const struct watch_point *point);

/* What is there, 0 if it can't be read. At rest or in its own thread. */
uint64_t monitor_watch_value(struct monitor_cpu *cpu, const struct watch_point *point);

/* At rest, with control held: a vCPU goes on from elsewhere, whatever store it stood before. */
void monitor_watch_forget_store(struct monitor_cpu *cpu);

/* And all of them do; what they had armed, or variables, were changed from outside. */
void monitor_watch_renew(struct r0_vm *vm);

#endif /* MONITOR_WATCH_WATCH_CPU_H */

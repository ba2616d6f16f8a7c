/* SPDX-License-Identifier: MIT */
/* What a vCPU's thread and a snapshot need to know of the architecture. */
#ifndef MONITOR_CPU_H
#define MONITOR_CPU_H

#include "monitor/state.h"

/* Whether whatever a guest executes can be executed by single steps. */
bool monitor_can_step(void);

/* Serve an exit that needs no bus. Returns whether it was one. */
bool monitor_serve_own(struct monitor_cpu *cpu);

/* Whether a vCPU's next KVM_RUN may wait for others. In its own thread. */
bool monitor_waits(struct monitor_cpu *cpu);

/* After a debug exit: the address of the next instruction. */
uint64_t monitor_stopped_at(const struct monitor_cpu *cpu);

/* Put a vCPU back after vcpu_state_clear(), at rest. Returns 0 or -errno. */
int monitor_restore_cpu(struct monitor_cpu *cpu, const struct vcpu_state *state,
			struct error *error);

/* Whether a vCPU needs no entry: it starts by itself, or another one starts it. */
bool monitor_needs_no_entry(const struct r0_vm *vm, unsigned int number);

/* A new vCPU, before it has an entry: have it wait where it is to. Returns 0 or -errno. */
int monitor_init_cpu(struct monitor_cpu *cpu, struct error *error);

/* What a vCPU is to say of itself, of a machine that is about to be made; NULL for what KVM says. */
const struct vcpu_identity *monitor_identity(const struct r0_vm *vm);

#endif /* MONITOR_CPU_H */

/* SPDX-License-Identifier: MIT */
/* What monitor/threads/enter.c leaves to the architecture. */
#ifndef MONITOR_THREADS_ENTER_H
#define MONITOR_THREADS_ENTER_H

#include "monitor/state.h"

/* Whether there is such an entry: 0, or -EINVAL with a message. */
int monitor_check_entry(const struct r0_vm_entry *entry, struct error *error);

/* Set it, of a vCPU at rest. Returns 0 or -errno. */
int monitor_enter(struct monitor_cpu *cpu, const struct r0_vm_entry *entry, struct error *error);

/* Get or set registers, of a vCPU at rest. Return 0 or -errno. */
int monitor_get_registers(struct monitor_cpu *cpu, struct r0_vm_registers *registers,
			  struct error *error);
int monitor_set_registers(struct monitor_cpu *cpu, const struct r0_vm_registers *registers,
			  struct error *error);

#endif /* MONITOR_THREADS_ENTER_H */

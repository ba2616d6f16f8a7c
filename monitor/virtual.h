/* SPDX-License-Identifier: MIT */
/* What a vCPU sees: guest-virtual memory, and its registers for those who look. */
#ifndef MONITOR_VIRTUAL_H
#define MONITOR_VIRTUAL_H

#include "monitor/state.h"

/*
 * Read guest-virtual memory by the vCPU's page tables, at rest or in its own thread. Returns 0 or
 * -EFAULT.
 */
int monitor_read_virtual(struct monitor_cpu *cpu, uint64_t address, void *data, size_t size);

/* Read its registers anew, at rest: something has changed them. With control held. */
void monitor_recapture(struct monitor_cpu *cpu);

#endif /* MONITOR_VIRTUAL_H */

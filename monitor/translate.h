/* SPDX-License-Identifier: MIT */
/* A vCPU's registers and page tables. Of the architecture. */
#ifndef MONITOR_TRANSLATE_H
#define MONITOR_TRANSLATE_H

#include "monitor/state.h"

/* The ops by which the registers of a struct monitor_cpu are read, at rest or in its own thread. */
extern const struct registers_ops monitor_registers_ops;

/* By the vCPU's page tables, at rest or in its own thread. Returns 0 or -EFAULT. */
int monitor_translate(struct monitor_cpu *cpu, uint64_t address, uint64_t *physical);

#endif /* MONITOR_TRANSLATE_H */

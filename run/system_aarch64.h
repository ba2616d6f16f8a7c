/* SPDX-License-Identifier: MIT */
/* A vCPU's system registers, as crash reports have them. */
#ifndef RUN_SYSTEM_AARCH64_H
#define RUN_SYSTEM_AARCH64_H

#include "crash/crash.h"
#include "machine/machine.h"

/* In the order of crash/view_aarch64.h. */
void system_read(const struct machine_cpu *cpu, uint64_t system[CRASH_SYSTEM_REGISTERS]);

#endif /* RUN_SYSTEM_AARCH64_H */

/* SPDX-License-Identifier: MIT */
/* VMware's backdoor port. */
#ifndef MONITOR_VMPORT_H
#define MONITOR_VMPORT_H

#include "monitor/cpu.h"

/* Whether the exit was an access to it, which has been answered. */
bool vmport_serve(struct monitor_cpu *cpu);

#endif /* MONITOR_VMPORT_H */

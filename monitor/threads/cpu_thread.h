/* SPDX-License-Identifier: MIT */
/* The thread of a vCPU. */
#ifndef MONITOR_THREADS_CPU_THREAD_H
#define MONITOR_THREADS_CPU_THREAD_H

#include "monitor/state.h"

/* Its argument is the struct monitor_cpu. */
void *monitor_cpu_thread(void *cpu);

#endif /* MONITOR_THREADS_CPU_THREAD_H */

/* SPDX-License-Identifier: MIT */
/* The thread for what comes from outside: input for devices, and the time limit. */
#ifndef MONITOR_THREADS_IO_THREAD_H
#define MONITOR_THREADS_IO_THREAD_H

#include "monitor/state.h"

/* Its argument is the struct r0_vm. */
void *monitor_io_thread(void *vm);

#endif /* MONITOR_THREADS_IO_THREAD_H */

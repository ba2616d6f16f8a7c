/* SPDX-License-Identifier: MIT */
/* The threads of a machine: one for each vCPU, and one for what comes from outside. */
#ifndef MONITOR_THREADS_THREADS_H
#define MONITOR_THREADS_THREADS_H

#include "monitor/state.h"

/* Start all of them, or none. With control held. Returns 0 or an errno as pthread_create() does. */
int monitor_start_threads(struct r0_vm *vm);

/*
 * With end_lock held. If they are through they are joined: they are about to return, and take no lock
 * before that. If not, nobody waits for them any more.
 */
void monitor_give_back_threads(struct r0_vm *vm, bool through);

/*
 * A machine that has ended, perhaps frozen, is made ready. One that ends has to be through with it:
 * -EBUSY if its threads do not.
 */
int monitor_leave_end(struct r0_vm *vm, struct error *error);

#endif /* MONITOR_THREADS_THREADS_H */

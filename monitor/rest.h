/* SPDX-License-Identifier: MIT */
/*
 * Whether a machine runs, how its threads come to an end, and what is said meanwhile. Between the
 * monitor's own files.
 */
#ifndef MONITOR_REST_H
#define MONITOR_REST_H

#include "monitor/state.h"

/* Whether the machine is ready, frozen or ended. With control held. */
bool monitor_at_rest(struct r0_vm *vm);

/* The same as an error: 0, or -EBUSY with a message. */
int monitor_need_rest(struct r0_vm *vm, const char *what, struct error *error);

/* 0, or -EINVAL with a message. */
int monitor_need_cpu(const struct r0_vm *vm, unsigned int cpu, struct error *error);

/*
 * Have guest-physical memory be zero. Costs nothing for pages that were never touched, and gives those
 * that were back. As r0_vm_write().
 */
int monitor_zero(struct r0_vm *vm, uint64_t address, uint64_t size, struct error *error);

/* Have a vCPU's thread look at what it is to do. From any thread. */
void monitor_kick(struct monitor_cpu *cpu);

/* End everything, for this reason if it is the first; nothing if no thread runs. From any thread. */
void monitor_end(struct r0_vm *vm, const struct r0_vm_outcome *outcome);

/* What r0_vm_kill() says. */
void monitor_kill(struct r0_vm *vm);

/*
 * Wait until no thread runs any more, for `timeout_ms` milliseconds, for ever if that is negative.
 * With end_lock held. Returns whether none does.
 */
bool monitor_wait_for_threads(struct r0_vm *vm, int timeout_ms);

/* The last thing that a thread does. */
void monitor_thread_ends(struct r0_vm *vm);

/* Say something that does not end the machine. From any thread. */
void monitor_log(const struct r0_vm *vm, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* MONITOR_REST_H */

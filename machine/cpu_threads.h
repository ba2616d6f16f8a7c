/* SPDX-License-Identifier: MIT */
/*
 * Threads that wait to run something, one for each CPU of a machine but the first, which its worker's thread
 * runs. Depends on kvm/vcpu/vcpu.h for what a thread that runs a vCPU needs.
 */
#ifndef MACHINE_CPU_THREADS_H
#define MACHINE_CPU_THREADS_H

#include "base/error.h"

struct cpu_threads;

/* Start `size` threads, known by the numbers 1 to size. Returns 0 or -errno. */
int cpu_threads_create(struct cpu_threads **threads, unsigned int size, struct error *error);

/* End them, none of which runs anything, and release them; NULL is none. */
void cpu_threads_destroy(struct cpu_threads *threads);

/*
 * Have a thread, which runs nothing, call run(context, number), once; and wait until all have returned that
 * were started.
 */
void cpu_threads_start(struct cpu_threads *threads, unsigned int number,
		       void (*run)(void *context, unsigned int number), void *context);
void cpu_threads_wait(struct cpu_threads *threads);

#endif /* MACHINE_CPU_THREADS_H */

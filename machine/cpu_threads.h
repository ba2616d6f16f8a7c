/* SPDX-License-Identifier: MIT */
/*
 * Threads that wait to run something together, one for each CPU of a machine but the first, which
 * its worker's thread runs. Depends on kvm/vcpu.h for what a thread that runs a vCPU needs.
 */
#ifndef MACHINE_CPU_THREADS_H
#define MACHINE_CPU_THREADS_H

#include "base/error.h"

struct team;

/* Start `size` threads, known by the numbers 1 to size. Returns 0 or -errno. */
int team_create(struct team **team, unsigned int size, struct error *error);

/* End them, none of which runs anything, and release the team; NULL is none. */
void team_destroy(struct team *team);

/* Have each thread call run(context, number), once; and wait until all of them have returned. */
void team_start(struct team *team, void (*run)(void *context, unsigned int number), void *context);
void team_wait(struct team *team);

#endif /* MACHINE_CPU_THREADS_H */

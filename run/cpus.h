/* SPDX-License-Identifier: MIT */
/*
 * A run on several CPUs: each is driven by a thread of its own, the first by the caller's, and one
 * lock is held while an exit is served. Depends on execution.h.
 */
#ifndef RUN_CPUS_H
#define RUN_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "run/debugger.h"

struct execution;
struct parallel;

/* Before the run: all CPUs but the first are idle. Returns 0 or -errno, with run->complaint. */
int parallel_begin(struct execution *run);
void parallel_finish(struct execution *run);

/*
 * Run all CPUs until the run has ended and every thread is done with its own. serve() is called under the
 * lock for what a vcpu_run() of run->cpu came back with, and says what that leads to.
 */
void parallel_drive(struct execution *run, enum step (*serve)(struct execution *run, int result));

/*
 * What run->cpu prints, in ring 0 or by a mock, goes to the run's output: of several CPUs whole lines, so
 * that theirs don't get mixed.
 */
void parallel_print(struct execution *run, const char *text, size_t length);

/* After the run: add what was printed of lines that never ended. Does nothing for one CPU. */
void parallel_take_output(struct execution *run);

/*
 * The test has failed on run->cpu, which goes on to the teardown: all others stop where they are.
 * Does nothing for one CPU.
 */
void parallel_stop_others(struct execution *run);

/*
 * The guest runtime's messages: run->cpu has no work; another one has; it waits for another one, and
 * `idle` is that one's number + 1 if for its work to be finished. Return 0, or -1 if there are no
 * others, or they have stopped; parallel_idle() -errno, with run->complaint.
 */
int parallel_idle(struct execution *run);
int parallel_wake(struct execution *run, uint64_t number);
int parallel_rest(struct execution *run, uint64_t idle);

/* Whether that CPU has no work, and is halted. */
bool parallel_is_idle(const struct execution *run, unsigned int number);

/*
 * A copy of how the run ended, for free(), with the CPU's name in front where there are several and it
 * doesn't have that yet. NULL without memory.
 */
char *parallel_message(const struct execution *run, const char *message);

/*
 * Whether no CPU but run->cpu does anything any more, if that doesn't: all others are idle and asleep,
 * or halted with interrupts off, or wait so for one to finish that has not. To be asked again if not: to find out
 * takes a few times.
 */
bool parallel_is_last(struct execution *run);

#endif /* RUN_CPUS_H */

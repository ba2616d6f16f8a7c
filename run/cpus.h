/* SPDX-License-Identifier: MIT */
/*
 * A run on several CPUs: each is driven by a thread of its own, the first by the caller's, and one
 * lock is held while an exit is served. All but the first are halted in want of work: their threads begin
 * when there is some, or when the first has run for a while, since what it may have sent them comes by no
 * exit. Depends on run.h.
 */
#ifndef RUN_CPUS_H
#define RUN_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "run/debugger.h"

struct run;
struct cpus;

/* Before the run: all CPUs but the first have no work. Returns 0 or -errno, with run->complaint. */
int cpus_begin(struct run *run);
void cpus_finish(struct run *run);

/*
 * Run all CPUs until the run has ended and every thread is done with its own. serve() is called under the
 * lock for what a vcpu_run() of run->cpu came back with, and says what that leads to.
 */
void cpus_drive(struct run *run, enum step (*serve)(struct run *run, int result));

/*
 * What run->cpu prints, in ring 0 or by a mock, goes to the run's output: of several CPUs whole lines, so
 * that theirs don't get mixed.
 */
void cpus_print(struct run *run, const char *text, size_t length);

/* After the run: add what was printed of lines that never ended. Does nothing for one CPU. */
void cpus_take_output(struct run *run);

/*
 * The test has failed on run->cpu, which goes on to the teardown: all others stop where they are.
 * Does nothing for one CPU.
 */
void cpus_stop_others(struct run *run);

/*
 * The guest runtime's messages: run->cpu has no work; another one has; it waits for another one, and
 * `idle` is that one's number + 1 if for its work to be finished. Return 0, or -1 if there are no
 * others, or they have stopped; cpus_idle() -errno, with run->complaint.
 */
int cpus_idle(struct run *run);
int cpus_wake(struct run *run, uint64_t number);
int cpus_rest(struct run *run, uint64_t idle);

/*
 * Of a debugger, under the lock, in its enter(). cpus_gather(): have all others come to rest there; false if the run
 * has ended meanwhile, for run->cpu at least. cpus_stay(): rest there until something has changed; false likewise.
 * cpus_let_go(): something has. A CPU that is alone has no others.
 */
bool cpus_gather(struct run *run);
bool cpus_stay(struct run *run);
void cpus_let_go(struct run *run);

/*
 * After the run, of a CPU but the first: whether it has run at all; whether KVM_RUN has come back from it with
 * nothing left to complete.
 */
bool cpus_has_run(const struct run *run, unsigned int number);
bool cpus_is_at_rest(const struct run *run, unsigned int number);

/* An interrupt was sent, or may have been: the CPUs that have not run yet do, to take it. */
void cpus_run_all(struct run *run);

/* Whether that CPU has no work, and is halted. */
bool cpus_is_idle(const struct run *run, unsigned int number);

/*
 * A copy of how the run ended, for free(), with the CPU's name in front where there are several and it
 * doesn't have that yet. NULL without memory.
 */
char *cpus_message(const struct run *run, const char *message);

/*
 * Whether no CPU but run->cpu does anything any more, if that doesn't: all others are idle and asleep,
 * or halted with interrupts off, or wait so for one to finish that has not. To be asked again if not: to find out
 * takes a few times.
 */
bool cpus_is_last(struct run *run);

#endif /* RUN_CPUS_H */

/* SPDX-License-Identifier: MIT */
/*
 * A mock that crashes within malloc() or free() leaves a lock that the rest of the process needs, and a
 * heap that may be broken. Its thread then starts the program anew, by execve() in the same process, with
 * the outcomes so far in a memfd: the new program takes those for done, and the crashed case, and runs what
 * is left. For programs whose main() is the library's; another's would do all else that it does a second time.
 */
#ifndef RUNNER_FRESH_H
#define RUNNER_FRESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "plan/plan.h"
#include "verdict/outcome.h"

/* What an earlier process left. */
struct fresh {
	void *left; /* all of it, as it was written; NULL if there was none */
	uint32_t seed;
	uint64_t elapsed_ns;	  /* the run had taken so long */
	size_t reported;	  /* so many cases were reported, from the first on */
	size_t count;		  /* so many are known: */
	size_t *numbers;	  /* their numbers … */
	struct outcome *outcomes; /* … and what came of them; who takes one makes it zero */
	size_t crashed;		  /* the case whose mock crashed */
};

/* At the start of r0_main(): take what there is. fresh_finish() releases it. */
void fresh_init(struct fresh *fresh);
void fresh_finish(struct fresh *fresh);

/* The outcome of the case that crashed. */
void fresh_crash(const struct fresh *fresh, const struct plan *plan, struct outcome *outcome);

/*
 * From here on a fresh process may take over from a run, begun at `start_ns`; and no more. `argv` stays
 * the caller's.
 */
void fresh_offer(const struct plan *plan, char **argv, uint64_t start_ns);
void fresh_withdraw(void);

/* A case is over: its outcome stays there until it is reported. Without an offer this does nothing. */
void fresh_keep(size_t number, const struct outcome *outcome);

/*
 * A case's run is over, and its machine gives back what it has counted; it has, and the case's outcome is kept.
 * Between the two no fresh process takes over, for which it would be both counted and not known.
 */
void fresh_settle(void);
void fresh_settled(void);

/* A case is about to be reported; it has been, and its outcome is taken. */
void fresh_hold(void);
void fresh_release(size_t number, struct outcome *outcome);

#endif /* RUNNER_FRESH_H */

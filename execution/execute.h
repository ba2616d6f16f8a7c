/* SPDX-License-Identifier: MIT */
/*
 * Runs one function as a test on a machine, from entry to verdict: serves what it asks of the
 * host, finds out how it ended, and explains that. The machine is not reset.
 */
#ifndef EXECUTION_EXECUTE_H
#define EXECUTION_EXECUTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <ring0/test.h>
#include "execution/debugger.h"
#include "execution/machine.h"
#include "execution/outcome.h"

struct mock_call;

/* What is to run. */
struct job {
	void (*fn)(void *arg);
	void *arg;
	void *param; /* R0_PARAM's element, or NULL: options->params.size bytes */
	const struct r0_options *options; /* never NULL */
	const char *attributes;		  /* as written, or NULL */
	const char *file;		  /* where the test is, or NULL */
	int line;
	uint64_t limit_ns;		 /* it may run */
	const struct debugger *debugger; /* that takes part in it, or NULL */
};

/*
 * A job's time limit, between the thread that runs it and the one that watches the clock. Each
 * step is taken by compare-and-swap, by one of the two.
 */
enum deadline_state {
	DEADLINE_AHEAD,
	DEADLINE_OVERDUE,   /* the watcher has kicked the vCPU */
	DEADLINE_ANSWERED,  /* the vCPU is out; explaining may take a while */
	DEADLINE_ABANDONED, /* the watcher has given up; what the job points to may be gone */
};

struct deadline {
	_Atomic(enum deadline_state) state;
	_Atomic(uint64_t) kick_at; /* when the runner wants to be kicked besides, or 0 */
	_Atomic(const struct mock_call *) call; /* of a mock, that the job is in; or NULL */
	atomic_bool lost;			/* … and never comes back from */
	size_t number;				/* of the job */
};

/*
 * Run a job under a deadline. The outcome's texts are filled in, never NULL, unless it passes and
 * printed nothing: then they are NULL, so that nothing is allocated for a pass. Returns whether the
 * machine can be reset; if not it is to be thrown away.
 */
bool execute(struct machine *machine, const struct job *job, struct deadline *deadline,
	     struct outcome *outcome);

#endif /* EXECUTION_EXECUTE_H */

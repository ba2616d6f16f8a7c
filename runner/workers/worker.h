/* SPDX-License-Identifier: MIT */
/*
 * A worker: a thread with a machine that runs jobs one after another, and what another thread
 * needs to supervise it. A worker whose vCPU can't be interrupted is abandoned: it keeps what it
 * holds for ever, and the run goes on without it.
 */
#ifndef RUNNER_WORKER_H
#define RUNNER_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "execution/execute.h"

struct worker;

/* Where a worker's jobs come from and its outcomes go; called from its thread. */
struct worker_jobs {
	void *context;
	/* The next job, with a number to know it by; false when there is none left. */
	bool (*next)(void *context, struct job *job, size_t *number);
	/* A job has run, and its machine is about to be put back. May be NULL. */
	void (*ran)(void *context);
	/* A job's outcome, whose texts are the receiver's, after ran() if there is one. */
	void (*done)(void *context, size_t number, struct outcome *outcome);
	/* The last call: the thread ends. Not made by a worker that was abandoned. */
	void (*gone)(void *context);
};

struct worker_options {
	bool fresh_vm; /* a new VM for each job, in place of a reset */
	/* After so many runs that passed all is put back, and less after the others; 0: always all. */
	unsigned int light_resets;
	bool check_reset; /* compare everything after each reset; a difference is an error */
};

/*
 * Start a worker. A machine that can't be made gives each job the verdict error. Returns 0 or
 * -errno. `template` and the jobs' context must outlive it, for ever if it is abandoned.
 */
int worker_create(struct worker **worker, const struct template *template,
		  const struct worker_options *options, const struct worker_jobs *jobs,
		  struct error *error);

/* Wait for its thread and release it; not for one that was abandoned. */
void worker_destroy(struct worker *worker);

enum worker_state {
	WORKER_FINE,	  /* idle, or its job has time left */
	WORKER_ABANDONED, /* its job is over, and did not notice: it is on its own now */
};

/*
 * Look after the worker: interrupt a job whose time is over, and abandon a worker that does not
 * come back within a grace period. Fills in the number of the job that runs (SIZE_MAX for none)
 * and since when, and returns the state.
 */
enum worker_state worker_supervise(struct worker *worker, uint64_t now_ns, size_t *number,
				   uint64_t *since_ns);

/* The call of a mock that an abandoned worker is in, for ever; NULL if it is in none. */
const struct mock_call *worker_mock(const struct worker *worker);

/* Have the job that runs now end as if its time were over. */
void worker_interrupt(struct worker *worker);

#endif /* RUNNER_WORKER_H */

/* SPDX-License-Identifier: MIT */
/* A job's time limit. */
#ifndef RUN_DEADLINE_H
#define RUN_DEADLINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mock_call;

/*
 * Between the thread that runs it and the one that watches the clock. Each
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

#endif /* RUN_DEADLINE_H */

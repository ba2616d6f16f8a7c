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
	/* While a debugger has the machine stopped, no time passes: since when it has, or 0, and how long before. */
	_Atomic(uint64_t) held_since, held_ns;
};

/* From here on no time passes, and until there. */
static inline void deadline_hold(struct deadline *deadline, uint64_t now_ns)
{
	atomic_store(&deadline->held_since, now_ns);
}

static inline void deadline_release(struct deadline *deadline, uint64_t now_ns)
{
	/* For a moment too long rather than too short. */
	atomic_fetch_add(&deadline->held_ns, now_ns - atomic_load(&deadline->held_since));
	atomic_store(&deadline->held_since, 0);
}

/* How long it has been held in all, at that time of clock_ns(). */
static inline uint64_t deadline_held_ns(struct deadline *deadline, uint64_t now_ns)
{
	const uint64_t since = atomic_load(&deadline->held_since);

	return atomic_load(&deadline->held_ns) + (since && since < now_ns ? now_ns - since : 0);
}

#endif /* RUN_DEADLINE_H */

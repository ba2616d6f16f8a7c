/* SPDX-License-Identifier: MIT */
/* What a dying thread leaves to the one that reports, and its wait for that. */
#include "runner/last_words.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>
#include "mock/guard.h"

/* The reports are at their end by then, or never will be. */
#define PATIENCE_NS 15000000000ull
#define LOOK_NS	    5000000

static struct {
	pthread_t reporter;
	pid_t process; /* not a child's */
	_Atomic(const char *) reason;
	atomic_bool done;
} run;

/* In the dying thread, in a signal's handler perhaps. */
static bool die(const char *reason)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	const char *none = NULL;
	uint64_t waited;

	/* The one who reports has no one to wait for. */
	if (getpid() != run.process || pthread_equal(pthread_self(), run.reporter))
		return false;
	atomic_compare_exchange_strong(&run.reason, &none, reason);
	for (waited = 0; waited < PATIENCE_NS && !atomic_load(&run.done); waited += LOOK_NS)
		nanosleep(&look, NULL);
	return true;
}

int last_words_begin(struct error *error)
{
	int err = guard_init(error);

	if (err)
		return err;
	run.reporter = pthread_self();
	run.process = getpid();
	atomic_store(&run.reason, NULL);
	atomic_store(&run.done, false);
	guard_set_last_words(die);
	return 0;
}

void last_words_end(void)
{
	guard_set_last_words(NULL);
	if (atomic_load(&run.reason)) {
		atomic_store(&run.done, true);
		for (;;)
			pause();
	}
	guard_finish();
}

const char *last_words(void)
{
	return atomic_load(&run.reason);
}

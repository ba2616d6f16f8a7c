/* SPDX-License-Identifier: MIT */
/* SIGINT and SIGTERM, while tests run. */
#include "runner/workers/end_signals.h"
#include <stddef.h>
#include <stdint.h>
#include "base/clock.h"

/* The signal that is to end the run, or 0. */
static volatile sig_atomic_t caught;
static uint64_t caught_at; /* by clock_ns(); the handler's alone */

static const struct {
	int number;
	const char *why;
} signals[] = {
	{ SIGINT, "interrupted by SIGINT" },
	{ SIGTERM, "terminated by SIGTERM" },
};

_Static_assert(sizeof(signals) / sizeof(signals[0]) == END_SIGNALS,
	       "end_signals.h has their number");

/*
 * The first signal ends the run with a report, another one ends the program at once; but one that
 * comes within a second is the same one: timeout(1) sends it to the process and to its group.
 */
static void catch (int number)
{
	uint64_t now = clock_ns();

	if (!caught) {
		caught = number;
		caught_at = now;
		return;
	}
	if (now - caught_at < CLOCK_NS_PER_S)
		return;
	signal(number, SIG_DFL);
	raise(number);
}

/* Writing goes on after a signal. What is ignored, as in the background of a shell, stays so. */
void end_signals_catch(struct end_signals *state)
{
	struct sigaction action = {
		.sa_handler = catch,
		.sa_flags = SA_RESTART,
	};
	size_t i;

	caught = 0;
	for (i = 0; i < END_SIGNALS; i++)
		sigaddset(&action.sa_mask, signals[i].number);
	for (i = 0; i < END_SIGNALS; i++) {
		sigaction(signals[i].number, NULL, &state->previous[i]);
		if (state->previous[i].sa_handler != SIG_IGN)
			sigaction(signals[i].number, &action, NULL);
	}
}

void end_signals_release(const struct end_signals *state)
{
	size_t i;

	for (i = 0; i < END_SIGNALS; i++)
		sigaction(signals[i].number, &state->previous[i], NULL);
}

int end_signals_caught(void)
{
	return caught;
}

const char *end_signals_why(void)
{
	size_t i;

	for (i = 0; i < END_SIGNALS; i++)
		if (caught == signals[i].number)
			return signals[i].why;
	return NULL;
}

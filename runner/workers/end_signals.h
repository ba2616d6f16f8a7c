/* SPDX-License-Identifier: MIT */
/* Signals that end a session, with a report. Of the whole process: there is one session at a time. */
#ifndef RUNNER_END_SIGNALS_H
#define RUNNER_END_SIGNALS_H

#include <signal.h>

#define END_SIGNALS 2

struct end_signals {
	struct sigaction previous[END_SIGNALS];
};

/* From now on the first one is only noted; and things are put back to how they were. */
void end_signals_catch(struct end_signals *state);
void end_signals_release(const struct end_signals *state);

/* The number of the one that came, or 0; and in words, or NULL. */
int end_signals_caught(void);
const char *end_signals_why(void);

#endif /* RUNNER_END_SIGNALS_H */

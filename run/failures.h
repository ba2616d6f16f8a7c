/* SPDX-License-Identifier: MIT */
/* What failed in a run, in ring 0 or in a mock, and what of it a result tells. */
#ifndef RUN_FAILURES_H
#define RUN_FAILURES_H

#include <ring0/private/abi.h>
#include "run/run.h"

/*
 * Note a failure of run->cpu: the first one gives the run its place, all are listed, and the first that
 * is no expectation is how the test ends. Takes file (or NULL) and text, both for free(). Returns whether
 * there was memory for it, text included.
 */
bool failures_add(struct run *run, enum r0_failure_kind kind, char *file, int line, char *text);

/* In front of a report, for free(): all failures, where there is one that the message doesn't tell. */
char *failures_prepend(const struct run *run, const char *message, char *report);

/* Behind a message: the first expectation that failed, if it ended in something else. */
void failures_append(const struct run *run, char *message, size_t size);

#endif /* RUN_FAILURES_H */

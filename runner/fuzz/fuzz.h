/* SPDX-License-Identifier: MIT */
/* --fuzz: the selected tests of R0_FUZZ(), one after another, each with an engine; and what becomes of findings. */
#ifndef RUNNER_FUZZ_H
#define RUNNER_FUZZ_H

#include "base/error.h"
#include "plan/plan.h"

/*
 * Look for inputs that fail a test, for so many seconds each (0: until there is one). A finding is made smaller, saved
 * among the test's inputs, and confirmed by running it as a case, with a report beside it. Returns the exit
 * status: 0 nothing found, 1 something, 99 with a message if that can't be done.
 */
int fuzz(const struct plan *plan, unsigned int seconds, struct error *error);

#endif /* RUNNER_FUZZ_H */

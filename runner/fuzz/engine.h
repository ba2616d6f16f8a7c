/* SPDX-License-Identifier: MIT */
/*
 * A fuzzing engine, libFuzzer, whose inputs a test of R0_FUZZ() runs with: in a process of its own, which ends with it. Each
 * input is a run on one machine, put back after it.
 */
#ifndef RUNNER_ENGINE_H
#define RUNNER_ENGINE_H

#include <stdbool.h>
#include <ring0/test.h>
#include "base/error.h"

/* The variable by which such a process is started: the test's name. Its arguments are the engine's. */
#define ENGINE_VARIABLE "RING0_FUZZ"

/* The exit status if an input fails the test, as -error_exitcode has it. */
#define ENGINE_FOUND 70

/* The test's name, if this process is to be an engine's; or NULL. */
const char *engine_wanted(void);

/* Whether the program is linked with an engine. If not, the error says what to do. */
bool engine_is_there(struct error *error);

/* Whether that engine is AFL++. */
bool engine_is_afl(void);

/* Run the engine with that command line: returns its exit status, or 99 having said why, if it comes back. */
int engine_run(const struct r0_test *test, int argc, char **argv);

#endif /* RUNNER_ENGINE_H */

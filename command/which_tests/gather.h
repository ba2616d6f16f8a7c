/* SPDX-License-Identifier: MIT */
/* From a folder that --coverage-by-test has filled to LCOV's records, by the compilers' own tools. */
#ifndef COMMAND_WHICH_TESTS_GATHER_H
#define COMMAND_WHICH_TESTS_GATHER_H

#include <stdio.h>
#include "base/error.h"

/*
 * Write the records of all tests in the folder, in the order of their names. Returns 0 or -errno, with a message: -ENOENT if there are
 * none, or what they were built from is not there; -ESTALE if that is of another build; -EIO if a tool fails, having said why.
 */
int gather(const char *folder, FILE *out, struct error *error);

#endif /* COMMAND_WHICH_TESTS_GATHER_H */

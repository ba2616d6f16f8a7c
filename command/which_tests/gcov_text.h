/* SPDX-License-Identifier: MIT */
/* What gcov and `llvm-cov gcov` print of a program (gcc's manual, "Invoking gcov"), as LCOV's records. */
#ifndef COMMAND_WHICH_TESTS_GCOV_TEXT_H
#define COMMAND_WHICH_TESTS_GCOV_TEXT_H

#include <stdio.h>

/*
 * Read what `gcov --stdout --branch-probabilities` prints, run in that folder, and write it as that test's. Returns 0 or
 * -ENOMEM.
 */
int gcov_text_convert(FILE *in, const char *test, const char *folder, FILE *out);

#endif /* COMMAND_WHICH_TESTS_GCOV_TEXT_H */

/* SPDX-License-Identifier: MIT */
/* The compilers' tools, by the shell: gcov, llvm-cov and llvm-profdata, or what $GCOV, $LLVM_COV and $LLVM_PROFDATA name. */
#ifndef COMMAND_WHICH_TESTS_TOOLS_H
#define COMMAND_WHICH_TESTS_TOOLS_H

#include <stdio.h>
#include "base/error.h"

enum tools_kind {
	TOOLS_GCC,     /* 0.gcda, 0.gcno, 1.gcda, … */
	TOOLS_CLANG,   /* the same, by clang */
	TOOLS_PROFILE, /* NAME.profraw, and what it is of: NAME.object */
	TOOLS_KINDS,
};

/*
 * Have the tool read the files in `files`, which the compiler was run for in `folder`, and write what it says as LCOV's records of that
 * test. Returns 0; -EIO with a message, or -ENOMEM.
 */
int tools_run(enum tools_kind kind, const char *files, const char *folder, const char *test,
	      FILE *out, struct error *error);

#endif /* COMMAND_WHICH_TESTS_TOOLS_H */

/* SPDX-License-Identifier: MIT */
/*
 * A debugger (debugger.h) that runs a test by single steps, to have the registers before its last
 * instruction: they are run->stepping's.
 */
#ifndef RUNNER_SEARCH_H
#define RUNNER_SEARCH_H

#include <stdint.h>
#include "runner/debugger.h"

struct search {
	uint64_t until; /* by clock_ns(), when it is given up */
};

/* Its context is a struct search, with `until` filled in. */
extern const struct debugger_ops search_ops;

#endif /* RUNNER_SEARCH_H */

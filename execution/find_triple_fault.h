/* SPDX-License-Identifier: MIT */
/*
 * A debugger (debugger.h) that runs a test by single steps, to have the registers before its last
 * instruction: they are run->stepping's.
 */
#ifndef EXECUTION_FIND_TRIPLE_FAULT_H
#define EXECUTION_FIND_TRIPLE_FAULT_H

#include <stdint.h>
#include "run/debugger.h"

struct search {
	uint64_t until; /* by clock_ns(), when it is given up */
	uint64_t steps; /* that it made */
};

/* Its context is a struct search, with `until` filled in. */
extern const struct debugger_ops find_triple_fault_ops;

#endif /* EXECUTION_FIND_TRIPLE_FAULT_H */

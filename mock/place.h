/* SPDX-License-Identifier: MIT */
/*
 * Where a guarded function was, in words: by function, file and line, as of a guest. Depends on guard.h,
 * on crash/ and on mirror/maps.h.
 */
#ifndef MOCK_PLACE_H
#define MOCK_PLACE_H

#include <stddef.h>
#include <stdio.h>
#include "mock/guard.h"

/*
 * Write the innermost place that has one to `file` and `line` (empty, 0 if there is none), its function or, for
 * want of that, its address to `name`, and the call chain, a line a function, to out. Never fails, and is as slow
 * as crash_backtrace().
 */
void place_describe(const struct guard_place *place, char *file, size_t file_size, int *line,
		    char *name, size_t name_size, FILE *out);

/* "SIGSEGV" */
const char *place_signal_name(int number);

#endif /* MOCK_PLACE_H */

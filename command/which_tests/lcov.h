/* SPDX-License-Identifier: MIT */
/*
 * Coverage in LCOV's form (geninfo(1), "FILES"): which test executed which functions and lines of which file, how often. Pure.
 */
#ifndef COMMAND_WHICH_TESTS_LCOV_H
#define COMMAND_WHICH_TESTS_LCOV_H

#include <stdint.h>
#include <stdio.h>
#include "base/error.h"

/* What a reader is told, in the order of the text. Each may be NULL. A negative return ends the reading. */
struct lcov_events {
	void *context;
	int (*file)(void *context, const char *test,
		    const char *path); /* lines and functions of it follow */
	int (*function)(void *context, const char *name, unsigned int line);
	int (*called)(void *context, const char *name, uint64_t count);
	int (*line)(void *context, unsigned int line, uint64_t count);
	int (*end)(void *context); /* of the file, for that test */
};

/* Returns 0; -EINVAL, with a message that names `name`, if that is something else; or what an event has returned. */
int lcov_read(FILE *in, const char *name, const struct lcov_events *events, struct error *error);

/* Write one JSON object a line, for each test. Returns as lcov_read(); -EIO if it can't be written. */
int lcov_write_json(FILE *in, const char *name, FILE *out, struct error *error);

#endif /* COMMAND_WHICH_TESTS_LCOV_H */

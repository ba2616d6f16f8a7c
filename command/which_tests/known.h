/* SPDX-License-Identifier: MIT */
/* Which lines and functions of which files have code, as coverage tells, and which of them are wanted. Pure. */
#ifndef COMMAND_WHICH_TESTS_KNOWN_H
#define COMMAND_WHICH_TESTS_KNOWN_H

#include <stdint.h>
#include <stdio.h>
#include "base/error.h"
#include "command/which_tests/wanted.h"

struct known;

/* Read LCOV's records. Returns 0; -EINVAL or -ENOMEM with a message. known_destroy() releases it. */
int known_create(struct known **known, FILE *in, const char *name, struct error *error);
void known_destroy(struct known *known);

/*
 * Mark what is wanted: lines without code are the nearest with code before and behind them. What nothing is known of is
 * told in the list.
 */
void known_want(struct known *known, struct wanted_list *list);

/* Tell the names of all tests that executed something wanted, in order, once each. Returns as known_create(). */
int known_tests(struct known *known, FILE *in, const char *name, void (*tell)(const char *test),
		struct error *error);

#endif /* COMMAND_WHICH_TESTS_KNOWN_H */

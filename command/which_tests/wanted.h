/* SPDX-License-Identifier: MIT */
/* What is asked for: lines, functions or all of files. Pure. */
#ifndef COMMAND_WHICH_TESTS_WANTED_H
#define COMMAND_WHICH_TESTS_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "base/error.h"

struct wanted {
	char *path;		  /* the end of a file's path */
	char *function;		  /* or NULL: */
	unsigned int first, last; /* lines; 0: all of the file */
	bool known;		  /* something of it has code */
};

struct wanted_list {
	struct wanted *items;
	size_t count;
};

/* Add FILE, FILE:LINE, FILE:LINE-LINE or FILE:FUNCTION. Returns 0, -EINVAL with a message or -ENOMEM. */
int wanted_add_text(struct wanted_list *list, const char *text, struct error *error);

/* Add lines of a file; those of `function` if that is not NULL. Returns 0 or -ENOMEM. */
int wanted_add(struct wanted_list *list, const char *path, const char *function, unsigned int first,
	       unsigned int last);

/*
 * Add what a unified diff (diff -u, git diff) changes, as lines of the files before: those that go, and around
 * something new the lines that it comes between. Returns 0, -EINVAL with a message or -ENOMEM.
 */
int wanted_add_diff(struct wanted_list *list, FILE *in, struct error *error);

void wanted_finish(struct wanted_list *list);

#endif /* COMMAND_WHICH_TESTS_WANTED_H */

/* SPDX-License-Identifier: MIT */
/*
 * A value of unittests.cfg to words, as a shell takes it apart: blanks between words; quotes; backslashes;
 * $NAME, ${NAME}, `command` and $(command), which others find the value of; a comment from a # on that begins a word.
 * What else a shell would do something with is refused. Pure: depends on libc only.
 */
#ifndef SUITE_ARGUMENTS_H
#define SUITE_ARGUMENTS_H

#include <stddef.h>
#include "base/error.h"

struct suite_arguments {
	char **words; /* NULL after the last */
	size_t count;
};

struct suite_expansion {
	void *context;
	/* The value of a variable, for free(); NULL, with *error. */
	char *(*variable)(void *context, const char *name, struct error *error);
	/* What a command prints, for free(); NULL, with *error. */
	char *(*command)(void *context, const char *command, struct error *error);
};

/*
 * Returns 0; -EINVAL with what is wrong; -ENOTSUP for what a shell can do and this can't, and for an expansion that
 * failed; -ENOMEM.
 * suite_arguments_finish() in any case.
 */
int suite_arguments_parse(struct suite_arguments *arguments, const char *text,
			  const struct suite_expansion *expansion, struct error *error);
void suite_arguments_finish(struct suite_arguments *arguments);

/* All words with a blank between, for free(), or NULL for want of memory. */
char *suite_arguments_join(const struct suite_arguments *arguments);

#endif /* SUITE_ARGUMENTS_H */

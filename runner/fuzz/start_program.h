/* SPDX-License-Identifier: MIT */
/* Programs that this one starts and waits for, with its terminal: fuzzing engines, and itself. Depends on end_signals.h. */
#ifndef RUNNER_START_PROGRAM_H
#define RUNNER_START_PROGRAM_H

#include <stdbool.h>

struct start_program {
	const char *path;	     /* looked for in PATH if it has no slash */
	const char *const *words;    /* the first is its name; up to NULL */
	const char *const *settings; /* of its environment, each "NAME=value"; up to NULL */
	const char *output;	     /* the file for its standard output, or NULL for ours */
	bool silent;		     /* its standard error goes to where its output goes */
	unsigned int limit_s;	     /* after so many seconds it is killed; 0: never */
};

/*
 * Run it to its end. A signal that ends us (end_signals_catch()) ends it first. Returns its exit status; 128 and the number of the
 * signal that it died of; 127 if it could not be started; or -errno.
 */
int start_program(const struct start_program *program);

/* A word of its command line, of its environment, or a path: for free(), or NULL. */
char *start_program_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The path of a command that PATH leads to, for free(), or NULL. */
char *start_program_find(const char *name);

#endif /* RUNNER_START_PROGRAM_H */

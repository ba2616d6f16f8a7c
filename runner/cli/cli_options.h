/* SPDX-License-Identifier: MIT */
/* The table of a test program's options, by which its command line is read and --help is written. */
#ifndef RUNNER_CLI_OPTIONS_H
#define RUNNER_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>
#include "base/error.h"

enum option_id {
	OPTION_LIST = 256, /* above every short option's character */
	OPTION_ALL,
	OPTION_GROUP,
	OPTION_FORMAT,
	OPTION_OUTPUT,
	OPTION_COMPARE,
	OPTION_COVERAGE_BY_TEST,
	OPTION_VERBOSE,
	OPTION_COLOR,
	OPTION_REPEAT,
	OPTION_SHUFFLE,
	OPTION_SHARD,
	OPTION_FAIL_FAST,
	OPTION_TIMEOUT,
	OPTION_JOBS,
	OPTION_SKIP_STATUS,
	OPTION_FAIL_STATUS,
	OPTION_FRESH_VM,
	OPTION_CHECK_RESET,
	OPTION_ASSIST,
	OPTION_LAB,
	OPTION_GDB,
	OPTION_GDB_ON_FAILURE,
	OPTION_FUZZ,
	OPTION_IMAGE,
	OPTION_PACK,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_END,
};

#define OPTION_COUNT (OPTION_END - OPTION_LIST)

struct option_description {
	enum option_id id;
	char letter; /* of the short option, or 0 */
	const char *name;
	const char *argument; /* what --help calls it, or NULL; "[=…]" may be left out */
	const char *help;     /* lines of up to 56 columns */
};

extern const struct option_description cli_options[OPTION_COUNT];

/* The option of that letter, or NULL. */
const struct option_description *cli_option_by_letter(char letter);

/* Whether its argument may be left out. */
bool cli_option_is_optional(const struct option_description *option);

/* -EINVAL, with what is wrong with a word that getopt_long() did not take; `missing` if an argument is. */
int cli_option_refuse(const char *word, int missing, struct error *error);

/* Write what --help shows, in lines of up to 80 columns. */
void cli_put_help(FILE *out, const char *program);

#endif /* RUNNER_CLI_OPTIONS_H */

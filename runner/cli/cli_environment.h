/* SPDX-License-Identifier: MIT */
/*
 * The parts of the command line that the environment decides on, too: Bazel's variables, GitHub's,
 * ring0's own. For cli.c.
 */
#ifndef RUNNER_CLI_ENVIRONMENT_H
#define RUNNER_CLI_ENVIRONMENT_H

#include <stdbool.h>
#include "runner/cli/cli.h"

#define CLI_SHARDS_MAX 1000000

/* A variable that is set, and not to nothing, or NULL. */
const char *cli_variable(const char *name);

/*
 * Read a whole number of decimal digits only, from text up to `end` or, if that is NULL, all of
 * it. Returns whether it is one from min to max; if not, *value may be anything.
 */
bool cli_scan_number(const char *text, const char *end, unsigned int min, unsigned int max,
		     unsigned int *value);

/* Add a report to what is asked for. Returns 0, or -EINVAL if there are too many. */
int cli_add_report(struct cli *cli, const struct report_ops *ops, const char *file,
		   struct error *error);

/*
 * Read the environment; what the command line says already stays. The filters are cut in pieces
 * at *words, which moves on. Returns 0 or -EINVAL with a message.
 */
int cli_read_environment(struct cli *cli, char **words, struct error *error);

/*
 * At the end: give each report its place, --shuffle its seed. Returns 0, or -EINVAL with a message
 * where options don't go together.
 */
int cli_settle(struct cli *cli, struct error *error);

#endif /* RUNNER_CLI_ENVIRONMENT_H */

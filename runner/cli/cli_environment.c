/* SPDX-License-Identifier: MIT */
/* What the environment says of a run, and how it and the command line come together. */
#include "runner/cli/cli_environment.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "runner/cli/timeout_factor.h"

const char *cli_variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

bool cli_scan_number(const char *text, const char *end, unsigned int min, unsigned int max,
		     unsigned int *value)
{
	unsigned long long number = 0;

	if (!end)
		end = text + strlen(text);
	if (text == end)
		return false;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		number = number * 10 + (unsigned int)(*text - '0');
		if (number > max)
			return false;
	}
	*value = (unsigned int)number;
	return number >= min;
}

int cli_add_report(struct cli *cli, const struct report_ops *ops, const char *file,
		   struct error *error)
{
	if (cli->report_count == CLI_REPORTS_MAX)
		return error_set(error, EINVAL, "--format: more than %d reports at once",
				 CLI_REPORTS_MAX);
	cli->reports[cli->report_count++] = (struct cli_report){ ops, file };
	return 0;
}

/*
 * Bazel's sharding (https://bazel.build/reference/test-encyclopedia): numbers from 0, and a total
 * of 0 where there is none. The command line goes first.
 */
static int read_bazel_shard(struct cli *cli, struct error *error)
{
	const char *index = cli_variable("TEST_SHARD_INDEX");
	const char *total = cli_variable("TEST_TOTAL_SHARDS");
	unsigned int shard, shards;

	if (!total || !strcmp(total, "0"))
		return 0;
	cli->shard_status_file = cli_variable("TEST_SHARD_STATUS_FILE");
	if (cli->selection.shards)
		return 0;
	if (!cli_scan_number(total, NULL, 1, CLI_SHARDS_MAX, &shards) || !index ||
	    !cli_scan_number(index, NULL, 0, shards - 1, &shard))
		return error_set(error, EINVAL,
				 "TEST_TOTAL_SHARDS=%.50s, TEST_SHARD_INDEX=%.50s: the index goes "
				 "from 0 to one less than the total",
				 total, index ? index : "");
	cli->selection.shard = shard + 1;
	cli->selection.shards = shards;
	return 0;
}

/* What `bazel test --test_filter` gives: patterns, with colons between them. */
static void read_bazel_filter(struct cli *cli, char **words)
{
	const char *filter = cli_variable("TESTBRIDGE_TEST_ONLY");
	const char **filters = (const char **)cli->selection.filters;

	while (filter) {
		size_t length = strcspn(filter, ":");

		filters[cli->selection.filter_count++] = *words;
		memcpy(*words, filter, length);
		(*words)[length] = '\0';
		*words += length + 1;
		filter = filter[length] ? filter + length + 1 : NULL;
	}
}

int cli_read_environment(struct cli *cli, char **words, struct error *error)
{
	const char *annotate = cli_variable("GITHUB_ACTIONS");
	int err;

	if (cli->colour == CLI_COLOUR_AUTO && cli_variable("NO_COLOR"))
		cli->colour = CLI_COLOUR_NEVER;
	cli->annotate = annotate && !strcmp(annotate, "true");
	read_bazel_filter(cli, words);
	err = timeout_factor_read(getenv("R0_TIMEOUT_FACTOR"), &cli->timeout_factor, error);
	return err ? err : read_bazel_shard(cli, error);
}

/* Find each report its place: one has standard output or --output, the others files. */
static int settle_reports(struct cli *cli, struct error *error)
{
	const char *xml = cli_variable("XML_OUTPUT_FILE");
	struct cli_report *placeless = NULL;
	size_t i, j;
	int err = 0;

	for (i = 0; i < cli->report_count; i++) {
		if (cli->reports[i].file)
			continue;
		if (placeless)
			return error_set(error, EINVAL,
					 "--format=%s and --format=%s both go to %.200s: give one "
					 "a file, such as --format=%s=FILE",
					 placeless->ops->name, cli->reports[i].ops->name,
					 cli->output ? cli->output : "standard output",
					 cli->reports[i].ops->name);
		placeless = &cli->reports[i];
	}
	/* Files alone leave the user without a sight of the run. */
	if (!placeless) {
		err = cli_add_report(cli, report_formats[0], NULL, error);
		placeless = &cli->reports[cli->report_count - 1];
	}
	if (err)
		return err;
	placeless->file = cli->output;
	for (i = 0; i < cli->report_count; i++)
		for (j = 0; j < i; j++)
			if (cli->reports[i].file && cli->reports[j].file &&
			    !strcmp(cli->reports[i].file, cli->reports[j].file))
				return error_set(error, EINVAL,
						 "two reports go to the file %.200s: give each its "
						 "own",
						 cli->reports[i].file);
	/* Bazel's; one that is asked for by that name already is what it wants. */
	for (i = 0; i < cli->report_count && xml; i++)
		if (cli->reports[i].file && !strcmp(cli->reports[i].file, xml))
			xml = NULL;
	return xml ? cli_add_report(cli, &report_junit_ops, xml, error) : 0;
}

static int settle_seed(struct cli *cli, struct error *error)
{
	if (!cli->selection.shuffle || cli->seeded)
		return 0;
	if (cli->selection.shards)
		return error_set(error, EINVAL,
				 "--shuffle in a shard: give --shuffle=SEED, the same to each "
				 "shard, or else some tests run in none");
	if (getrandom(&cli->selection.seed, sizeof(cli->selection.seed), 0) !=
	    sizeof(cli->selection.seed))
		return error_set(error, EINVAL,
				 "--shuffle: the system has no random number: "
				 "give --shuffle=SEED");
	return 0;
}

int cli_settle(struct cli *cli, struct error *error)
{
	int err = settle_reports(cli, error);

	if (!err && cli->gdb && (cli->fuzz || cli->image))
		err = error_set(error, EINVAL, "--gdb is of a run of tests: not with --%s",
				cli->fuzz ? "fuzz" : "image");
	if (!err && cli->pack && !cli->image)
		err = error_set(error, EINVAL, "--pack is of an image: give --image FILE, too");
	return err ? err : settle_seed(cli, error);
}

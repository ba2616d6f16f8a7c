/* SPDX-License-Identifier: MIT */
/* A test program's command line, read by the table of cli_options.h. Depends on report.h for the names of the formats. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "runner/cli/cli.h"
#include "runner/cli/cli_environment.h"
#include "runner/cli/cli_options.h"

#define REPEAT_MAX 1000000
#define JOBS_MAX   1024

/*
 * Whether a word with one dash in front is options: "-v", or several in one word, of which the
 * last may have a number ("-j4"). If not, it is a pattern that excludes.
 */
static bool is_short_options(const char *word)
{
	if (word[0] != '-' || word[1] == '\0' || word[1] == '-')
		return false;
	for (word++; *word; word++) {
		const struct option_description *option = cli_option_by_letter(*word);

		if (!option)
			return false;
		if (option->argument)
			return word[1 + strspn(word + 1, "0123456789")] == '\0';
	}
	return true;
}

static int read_number(const char *option, const char *text, unsigned int min, unsigned int max,
		       unsigned int *value, struct error *error)
{
	if (!cli_scan_number(text, NULL, min, max, value))
		return error_set(error, EINVAL, "--%s=%.100s: give a whole number from %u to %u",
				 option, text, min, max);
	return 0;
}

static int read_shard(struct cli *cli, const char *text, struct error *error)
{
	const char *slash = strchr(text, '/');
	struct plan_selection *selection = &cli->selection;

	if (slash && cli_scan_number(slash + 1, NULL, 1, CLI_SHARDS_MAX, &selection->shards) &&
	    cli_scan_number(text, slash, 1, selection->shards, &selection->shard))
		return 0;
	return error_set(error, EINVAL,
			 "--shard=%.100s: give I/N, the number of the shard, from 1 on, and how "
			 "many there are",
			 text);
}

static int read_list(struct cli *cli, const char *how, struct error *error)
{
	if (how && strcmp(how, "json"))
		return error_set(error, EINVAL, "--list=%.100s: give json, or nothing", how);
	cli->list = how ? CLI_LIST_JSON : CLI_LIST_NAMES;
	return 0;
}

static int read_format(struct cli *cli, const char *text, struct error *error)
{
	const char *file = strchr(text, '=');
	size_t i, length = strcspn(text, "=");
	const struct report_ops *ops = report_find(text, length);
	char known[160] = "";

	if (file && !file[1])
		return error_set(error, EINVAL, "--format=%.100s: the name of the file is empty",
				 text);
	if (ops)
		return cli_add_report(cli, ops, file && strcmp(file, "=-") ? file + 1 : NULL,
				      error);
	length = 0;
	for (i = 0; report_formats[i] && length < sizeof(known); i++)
		length += (size_t)snprintf(known + length, sizeof(known) - length, "%s%s",
					   i ? ", " : "", report_formats[i]->name);
	return error_set(error, EINVAL, "--format=%.100s: no such format; there are %s", text,
			 known);
}

static int read_colour(struct cli *cli, const char *when, struct error *error)
{
	if (!strcmp(when, "auto"))
		cli->colour = CLI_COLOUR_AUTO;
	else if (!strcmp(when, "always"))
		cli->colour = CLI_COLOUR_ALWAYS;
	else if (!strcmp(when, "never"))
		cli->colour = CLI_COLOUR_NEVER;
	else
		return error_set(error, EINVAL, "--color=%.100s: give auto, always or never", when);
	return 0;
}

/* Add the names of a comma-separated list to the groups, cutting a copy of it in pieces. */
static int read_groups(struct cli *cli, const char *list, char **words, struct error *error)
{
	const char **groups = (const char **)cli->selection.groups;

	for (;;) {
		size_t length = strcspn(list, ",");

		if (!length)
			return error_set(error, EINVAL, "--group: the name of a group is empty");
		groups[cli->selection.group_count++] = *words;
		memcpy(*words, list, length);
		(*words)[length] = '\0';
		*words += length + 1;
		if (!list[length])
			return 0;
		list += length + 1;
	}
}

/* A folder; or what LCOV's files are called, made of a folder that is beside it meanwhile. */
static int read_coverage(struct cli *cli, const char *where, struct error *error)
{
	const size_t length = strlen(where), end = strlen(".info");

	free(cli->coverage_folder);
	cli->coverage_folder = NULL;
	cli->coverage_lcov = NULL;
	cli->coverage_by_test = where;
	if (length <= end || strcmp(where + length - end, ".info"))
		return 0;
	if (asprintf(&cli->coverage_folder, "%s.tests", where) < 0) {
		cli->coverage_folder = NULL;
		return error_set(error, ENOMEM, "no memory");
	}
	cli->coverage_lcov = where;
	cli->coverage_by_test = cli->coverage_folder;
	return 0;
}

/* Of --gdb and --gdb-on-failure, the one that says where is right. */
static int read_gdb(struct cli *cli, const char *option, const char *where, struct error *error)
{
	if (where && !where[0])
		return error_set(error, EINVAL, "--%s=: give a port, a path or -", option);
	if (where || !cli->gdb)
		cli->gdb = where ? where : "";
	return 0;
}

static int take(struct cli *cli, int id, const char *argument, char **words, struct error *error)
{
	switch (id) {
	case OPTION_LIST:
		return read_list(cli, argument, error);
	case OPTION_ALL:
		cli->selection.all = true;
		break;
	case OPTION_GROUP:
		return read_groups(cli, argument, words, error);
	case OPTION_FORMAT:
		cli->format_given = true;
		return read_format(cli, argument, error);
	case OPTION_OUTPUT:
		if (!argument[0])
			return error_set(error, EINVAL, "--output: the name of the file is empty");
		cli->output = strcmp(argument, "-") ? argument : NULL;
		break;
	case OPTION_COMPARE:
		if (!argument[0])
			return error_set(error, EINVAL, "--compare: the name of the file is empty");
		cli->compare = argument;
		break;
	case OPTION_COVERAGE_BY_TEST:
		if (!argument[0])
			return error_set(error, EINVAL,
					 "--coverage-by-test: the name of the folder is empty");
		return read_coverage(cli, argument, error);
	case OPTION_VERBOSE:
		cli->verbose = true;
		break;
	case OPTION_COLOR:
		return read_colour(cli, argument, error);
	case OPTION_REPEAT:
		return read_number("repeat", argument, 1, REPEAT_MAX, &cli->selection.repeat,
				   error);
	case OPTION_SHUFFLE:
		cli->selection.shuffle = true;
		cli->seeded = argument;
		if (!argument)
			break;
		return read_number("shuffle", argument, 0, UINT32_MAX, &cli->selection.seed, error);
	case OPTION_SHARD:
		return read_shard(cli, argument, error);
	case OPTION_FAIL_FAST:
		cli->fail_fast = true;
		break;
	case OPTION_TIMEOUT:
		return read_number("timeout", argument, 1, UINT_MAX, &cli->timeout_ms, error);
	case OPTION_JOBS:
		return read_number("jobs", argument, 1, JOBS_MAX, &cli->workers, error);
	case OPTION_SKIP_STATUS:
		return read_number("skip-status", argument, 0, 255, &cli->skip_status, error);
	case OPTION_FAIL_STATUS:
		return read_number("fail-status", argument, 0, 255, &cli->fail_status, error);
	case OPTION_FRESH_VM:
		cli->fresh_vm = true;
		break;
	case OPTION_ASSIST:
		cli->assist_given = true;
		if (!assist_policy_of(argument, &cli->assist))
			return error_set(error, EINVAL, "--assist=%s: give auto, on or off",
					 argument);
		break;
	case OPTION_CHECK_RESET:
		cli->check_reset = true;
		break;
	case OPTION_LAB:
		cli->lab = true;
		break;
	case OPTION_GDB:
		cli->gdb_at_start = true;
		return read_gdb(cli, "gdb", argument, error);
	case OPTION_GDB_ON_FAILURE:
		return read_gdb(cli, "gdb-on-failure", argument, error);
	case OPTION_FUZZ:
		cli->fuzz = true;
		return read_number("fuzz", argument, 0, UINT_MAX, &cli->fuzz_seconds, error);
	case OPTION_IMAGE:
		if (!argument[0])
			return error_set(error, EINVAL, "--image: the name of the file is empty");
		cli->image = argument;
		break;
	case OPTION_PACK:
		cli->pack = true;
		break;
	case OPTION_HELP:
		cli->help = true;
		break;
	case OPTION_VERSION:
		cli->version = true;
		break;
	}
	return 0;
}

/* Room for as many patterns as there are words, and for names as there are separators. */
static int reserve(struct cli *cli, int argc, char **argv, struct error *error)
{
	const char *filter = cli_variable("TESTBRIDGE_TEST_ONLY");
	size_t bytes = 1, names = 1, filters = 1;
	int i;

	if (filter) {
		bytes += strlen(filter) + 1;
		for (; *filter; filter++)
			filters += *filter == ':';
	}

	for (i = 1; i < argc; i++) {
		const char *c;

		bytes += strlen(argv[i]) + 1;
		names++;
		for (c = argv[i]; *c; c++)
			names += *c == ',';
	}
	cli->selection.patterns = calloc((size_t)argc + 1, sizeof(char *));
	cli->selection.groups = calloc(names, sizeof(char *));
	cli->selection.filters = calloc(filters, sizeof(char *));
	cli->words = malloc(bytes);
	if (!cli->selection.patterns || !cli->selection.groups || !cli->selection.filters ||
	    !cli->words)
		return error_set(error, ENOMEM, "out of memory for the command line");
	return 0;
}

/* The table in the form that getopt_long() reads. */
static void describe(struct option *long_options, char *letters)
{
	size_t i;

	/* '+': stop at the first word that is no option. ':': tell a missing argument apart. */
	*letters++ = '+';
	*letters++ = ':';
	for (i = 0; i < OPTION_COUNT; i++) {
		long_options[i] = (struct option){
			.name = cli_options[i].name,
			.has_arg = cli_option_is_optional(&cli_options[i]) ? optional_argument :
				   cli_options[i].argument		   ? required_argument :
									     no_argument,
			.val = (int)cli_options[i].id,
		};
		if (!cli_options[i].letter)
			continue;
		*letters++ = cli_options[i].letter;
		if (cli_options[i].argument)
			*letters++ = ':';
	}
	long_options[OPTION_COUNT] = (struct option){ 0 };
	*letters = '\0';
}

/* Patterns are picked out here, options by getopt_long(), one word after another. */
static int parse_words(struct cli *cli, int argc, char **argv, char **words, struct error *error)
{
	const char **patterns = (const char **)cli->selection.patterns;
	struct option long_options[OPTION_COUNT + 1];
	char letters[2 * OPTION_COUNT + 3];
	int saved_optind = optind, saved_opterr = opterr;
	bool only_patterns = false;
	int err = 0;

	describe(long_options, letters);
	opterr = 0;
	/* glibc: 0 forgets an earlier scan, the program's own perhaps; of one word, that is all. */
	optind = 0;
	if (argc > 0)
		getopt_long(1, argv, letters, long_options, NULL);
	optind = 1;
	while (!err && optind < argc) {
		const char *word = argv[optind];
		int id;

		if (only_patterns || (strncmp(word, "--", 2) && !is_short_options(word))) {
			patterns[cli->selection.pattern_count++] = word;
			optind++;
			continue;
		}
		if (!strcmp(word, "--")) {
			only_patterns = true;
			optind++;
			continue;
		}
		id = getopt_long(argc, argv, letters, long_options, NULL);
		if (id == '?' || id == ':')
			err = cli_option_refuse(word, id == ':', error);
		else if (id < 256 && id > 0)
			err = take(cli, (int)cli_option_by_letter((char)id)->id, optarg, words,
				   error);
		else
			err = take(cli, id, optarg, words, error);
	}
	optind = saved_optind;
	opterr = saved_opterr;
	return err;
}

int cli_parse(struct cli *cli, int argc, char **argv, struct error *error)
{
	char *words;
	int err;

	*cli = (struct cli){
		.selection = { .repeat = 1 },
		.skip_status = EXIT_STATUS_SKIPPED,
		.fail_status = EXIT_STATUS_FAILED,
	};
	err = reserve(cli, argc, argv, error);
	words = cli->words;
	if (!err)
		err = parse_words(cli, argc, argv, &words, error);
	if (!err)
		err = cli_read_environment(cli, &words, error);
	if (!err)
		err = cli_settle(cli, error);
	return err;
}

void cli_finish(struct cli *cli)
{
	free((void *)cli->selection.patterns);
	free((void *)cli->selection.filters);
	free((void *)cli->selection.groups);
	free(cli->words);
	free(cli->coverage_folder);
	memset(cli, 0, sizeof(*cli));
}

bool cli_report_is_stream(const struct cli_report *report)
{
	static const char *const open_files[] = { "/dev/stdout", "/dev/stderr", "/dev/fd/",
						  "/proc/self/fd/" };
	struct stat status;
	size_t i;

	/* They lead to a file where the output is redirected to one. */
	for (i = 0; i < sizeof(open_files) / sizeof(open_files[0]); i++)
		if (strncmp(report->file, open_files[i], strlen(open_files[i])) == 0)
			return true;
	return stat(report->file, &status) == 0 && S_ISCHR(status.st_mode);
}

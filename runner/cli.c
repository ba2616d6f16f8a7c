/* SPDX-License-Identifier: MIT */
/*
 * A test program's command line: one table of options, from which parsing and --help both work.
 * Depends on report.h for the names of the formats, on text.h for suggestions.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "runner/cli.h"
#include "runner/cli_environment.h"

#define REPEAT_MAX 1000000
#define JOBS_MAX   1024

/* Where the second column of --help begins. */
#define HELP_COLUMN 24

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
	OPTION_FUZZ,
	OPTION_IMAGE,
	OPTION_PACK,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option_description {
	enum option_id id;
	char letter; /* of the short option, or 0 */
	const char *name;
	const char *argument; /* what --help calls it, or NULL; "[=…]" may be left out */
	const char *help;     /* lines of up to 56 columns */
} options[] = {
	{ OPTION_LIST, 0, "list", "[=json]",
	  "print the names of the tests that would run; with\n"
	  "--verbose also where they are, groups, attributes;\n"
	  "with =json all of that as one JSON object a line" },
	{ OPTION_ALL, 0, "all", NULL, "also run nodefault tests" },
	{ OPTION_GROUP, 0, "group", "G[,G...]",
	  "only tests in one of these groups; may be repeated.\n"
	  "Asks for nodefault tests in them, too" },
	{ OPTION_FORMAT, 0, "format", "NAME[=FILE]",
	  "how to report, and where to: to FILE, or to standard\n"
	  "output. May be repeated, for several reports at once.\n"
	  "NAME is one of" },
	{ OPTION_OUTPUT, 0, "output", "FILE",
	  "write the report that has no FILE of its own to FILE,\n"
	  "not to standard output" },
	{ OPTION_COMPARE, 0, "compare", "FILE",
	  "compare what tests measure with an earlier report,\n"
	  "which --format json=FILE wrote" },
	{ OPTION_COVERAGE_BY_TEST, 0, "coverage-by-test", "DIR",
	  "also write each test's own files of coverage, to a\n"
	  "folder each in DIR, for `ring0 which-tests`; tests run\n"
	  "one after another" },
	{ OPTION_VERBOSE, 'v', "verbose", NULL, "also show the output of tests that pass" },
	{ OPTION_COLOR, 0, "color", "WHEN",
	  "auto (on terminals, unless $NO_COLOR is set), always,\n"
	  "or never" },
	{ OPTION_REPEAT, 0, "repeat", "N", "run the whole list N times over" },
	{ OPTION_SHUFFLE, 0, "shuffle", "[=SEED]",
	  "run them in a random order; the report names the\n"
	  "SEED that repeats it" },
	{ OPTION_SHARD, 0, "shard", "I/N", "split the selection into N parts, run only the I-th" },
	{ OPTION_FAIL_FAST, 0, "fail-fast", NULL, "stop at the first failure" },
	{ OPTION_TIMEOUT, 0, "timeout", "MS",
	  "time limit of each test in milliseconds, instead of\n"
	  "its own (10000 unless it says otherwise)" },
	{ OPTION_JOBS, 'j', "jobs", "N", "run N tests at once (as many as there are CPUs to use)" },
	{ OPTION_SKIP_STATUS, 0, "skip-status", "N",
	  "exit status when everything was skipped, instead of\n"
	  "77: 0 for Meson's protocol 'tap', and for prove" },
	{ OPTION_FAIL_STATUS, 0, "fail-status", "N",
	  "exit status when a test failed, instead of 1: 0 for\n"
	  "harnesses that only read the report" },
	{ OPTION_FRESH_VM, 0, "fresh-vm", NULL,
	  "make a new VM for each test: slow, for comparison" },
	{ OPTION_ASSIST, 0, "assist", "WHEN",
	  "complete on the host what KVM can't execute in ring 0:\n"
	  "auto (where KVM is software; the default), on, off" },
	{ OPTION_CHECK_RESET, 0, "check-reset", NULL,
	  "after each test, compare the whole VM with how it was\n"
	  "before; a difference is an error" },
	{ OPTION_LAB, 0, "lab", NULL,
	  "run on a genuine KVM in an emulated machine, like\n"
	  "`ring0 lab`; with RING0_LAB=auto in the environment\n"
	  "only if this host has no usable KVM" },
	{ OPTION_FUZZ, 0, "fuzz", "SECONDS",
	  "let libFuzzer search for inputs that fail R0_FUZZ()'s\n"
	  "tests, for this long each (0: until it finds one)" },
	{ OPTION_IMAGE, 0, "image", "FILE",
	  "run nothing: write the program to FILE as a kernel\n"
	  "whose tests run in any virtual machine monitor and on\n"
	  "hardware: an ELF kernel; if FILE ends in .efi or .iso\n"
	  "an EFI application or a bootable medium. PATTERNs,\n"
	  "--group, --all, --timeout and a --format of sotest,\n"
	  "tap or ktap are its defaults" },
	{ OPTION_PACK, 0, "pack", NULL, "compress the image's pages, to half their size" },
	{ OPTION_HELP, 'h', "help", NULL, "show this text" },
	{ OPTION_VERSION, 0, "version", NULL, "show the version of ring0" },
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static const struct option_description *find_letter(char letter)
{
	size_t i;

	for (i = 0; i < OPTION_COUNT; i++)
		if (options[i].letter && options[i].letter == letter)
			return &options[i];
	return NULL;
}

static bool is_optional(const struct option_description *option)
{
	return option->argument && option->argument[0] == '[';
}

/*
 * Whether a word with one dash in front is options: "-v", or several in one word, of which the
 * last may have a number ("-j4"). If not, it is a pattern that excludes.
 */
static bool is_short_options(const char *word)
{
	if (word[0] != '-' || word[1] == '\0' || word[1] == '-')
		return false;
	for (word++; *word; word++) {
		const struct option_description *option = find_letter(*word);

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

/* What getopt_long() did not take. */
static int refuse(const char *word, int missing, struct error *error)
{
	const char *name = word + strspn(word, "-");
	size_t length = strcspn(name, "=");
	const char *near = NULL;
	unsigned int prefixed = 0;
	char given[64];
	size_t i;

	snprintf(given, sizeof(given), "%.*s", length < 60 ? (int)length : 60, name);
	for (i = 0; i < OPTION_COUNT; i++) {
		if (!strncmp(options[i].name, name, length)) {
			prefixed++;
			near = options[i].name;
		}
	}
	if (missing && near)
		return error_set(error, EINVAL, "--%s: an argument is missing", near);
	if (prefixed == 1 && name[length] == '=')
		return error_set(error, EINVAL, "--%s takes no argument", near);
	if (prefixed > 1)
		return error_set(error, EINVAL, "--%s may be one of several options; write it out",
				 given);
	for (i = 0; i < OPTION_COUNT && !near; i++)
		if (text_is_near(given, options[i].name))
			near = options[i].name;
	if (near)
		return error_set(error, EINVAL, "--%s: no such option; did you mean --%s?", given,
				 near);
	return error_set(error, EINVAL, "--%s: no such option; --help shows them", given);
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
		cli->coverage_by_test = argument;
		break;
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
			.name = options[i].name,
			.has_arg = is_optional(&options[i]) ? optional_argument :
				   options[i].argument	    ? required_argument :
							      no_argument,
			.val = (int)options[i].id,
		};
		if (!options[i].letter)
			continue;
		*letters++ = options[i].letter;
		if (options[i].argument)
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
			err = refuse(word, id == ':', error);
		else if (id < 256 && id > 0)
			err = take(cli, (int)find_letter((char)id)->id, optarg, words, error);
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
	memset(cli, 0, sizeof(*cli));
}

static void put_option(FILE *out, const struct option_description *option)
{
	const char *help = option->help;
	int column;
	size_t i;

	column = option->letter ? fprintf(out, "  -%c, ", option->letter) : fprintf(out, "      ");
	column += fprintf(out, "--%s%s%s", option->name,
			  option->argument && !is_optional(option) ? " " : "",
			  option->argument ? option->argument : "");
	if (column > HELP_COLUMN - 1) {
		putc('\n', out);
		column = 0;
	}
	while (*help) {
		size_t length = strcspn(help, "\n");

		fprintf(out, "%*s%.*s\n", HELP_COLUMN - column, "", (int)length, help);
		column = 0;
		help += length + (help[length] == '\n');
	}
	if (option->id != OPTION_FORMAT)
		return;
	for (i = 0; report_formats[i]; i++)
		fprintf(out, "%*s  %-7s %s%s\n", HELP_COLUMN, "", report_formats[i]->name,
			report_formats[i]->title, i ? "" : " (the default)");
}

void cli_put_help(FILE *out, const char *program)
{
	size_t i;

	fprintf(out, "Usage: %.64s [OPTION]... [PATTERN]...\n", program);
	fputs("Run this program's tests, each in ring 0 of a virtual machine.\n"
	      "\n"
	      "A PATTERN is a glob over suite.name; with \"-\" in front it excludes. A test with\n"
	      "parameters is one case for each: 'suite.name[3]' is one of them. A test in the\n"
	      "group \"nodefault\" runs only when a PATTERN is its exact name, when another of\n"
	      "its groups is asked for, or with --all. \"--\" ends the options.\n"
	      "The selection is shuffled, then cut into shards, then repeated.\n"
	      "\n"
	      "Options:\n",
	      out);
	for (i = 0; i < OPTION_COUNT; i++)
		put_option(out, &options[i]);
	fputs("\n"
	      "Environment:\n"
	      "  R0_TIMEOUT_FACTOR     what every time limit is multiplied by, such as 2.5\n"
	      "  RING0_COMMAND         the command ring0, which writes backtraces\n"
	      "  NO_COLOR              if not empty, no colours unless --color=always\n"
	      "  GITHUB_ACTIONS        if \"true\", failures also as GitHub's annotations\n"
	      "  TEST_TOTAL_SHARDS, TEST_SHARD_INDEX, TEST_SHARD_STATUS_FILE,\n"
	      "  TESTBRIDGE_TEST_ONLY, XML_OUTPUT_FILE\n"
	      "                        as Bazel sets them\n"
	      "\n"
	      "Exit status:\n"
	      "   0  all passed\n"
	      "   1  a test failed, crashed, ran too long, or passed unexpectedly\n"
	      "  77  everything was skipped\n"
	      "  99  the harness or the host could not do its job, and no test failed; or\n"
	      "      nothing was selected, or the report could not be written\n"
	      " 130  interrupted by SIGINT; 143 by SIGTERM\n",
	      out);
}

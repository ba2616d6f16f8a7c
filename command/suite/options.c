/* SPDX-License-Identifier: MIT */
/* The command line of `ring0 suite`. Depends on suite.h and libc. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "command/consoles.h"
#include "command/suite/suite.h"
#include "command/values.h"
#include "report/formats.h"
#include "runner/cli/timeout_factor.h"

enum {
	OPTION_FORMAT = 256,
	OPTION_OUTPUT,
	OPTION_LOG_DIR,
	OPTION_TIMEOUT,
	OPTION_STANDALONE,
	OPTION_WITH_COMMAND,
	OPTION_ENV_FILE,
	OPTION_APPEND,
	OPTION_CONSOLE,
	OPTION_CPU,
	OPTION_CPUS,
	OPTION_MEMORY,
};

static const struct option long_options[] = {
	{ "group", required_argument, NULL, 'g' },
	{ "all", no_argument, NULL, 'a' },
	{ "list", optional_argument, NULL, 'l' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "format", required_argument, NULL, OPTION_FORMAT },
	{ "output", required_argument, NULL, OPTION_OUTPUT },
	{ "log-dir", required_argument, NULL, OPTION_LOG_DIR },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "standalone", required_argument, NULL, OPTION_STANDALONE },
	{ "with-command", no_argument, NULL, OPTION_WITH_COMMAND },
	{ "env-file", required_argument, NULL, OPTION_ENV_FILE },
	{ "append", required_argument, NULL, OPTION_APPEND },
	{ "console", required_argument, NULL, OPTION_CONSOLE },
	{ "cpu", required_argument, NULL, OPTION_CPU },
	{ "cpus", required_argument, NULL, OPTION_CPUS },
	{ "memory", required_argument, NULL, OPTION_MEMORY },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: ring0 suite [OPTION]... [DIRECTORY|unittests.cfg|IMAGE]... [PATTERN]...\n"
	"Run test kernels, each as `ring0 boot` does, and report their results. They come from a\n"
	"unittests.cfg of kvm-unit-tests (default: that of this directory), or are images that\n"
	"print SoTest's lines, TAP or KTAP. PATTERN is a glob over the tests' names; with a - in\n"
	"front, after --, it excludes.\n"
	"\n"
	"  -g, --group G[,G...]   only tests in one of these groups; may be repeated\n"
	"  -a, --all              also nodefault tests, and those that errata guard\n"
	"  -l, --list[=json]      print the names of the tests that would run\n"
	"  -j, --jobs N           run N at once (default 1)\n"
	"      --format NAME[=FILE]\n"
	"                         how to report, and where to; may be repeated. NAME is one of\n"
	"                         pretty (default), tap, junit, xunit, json, ktap, sotest\n"
	"      --output FILE      write the report that has no FILE of its own to FILE\n"
	"      --log-dir DIR      keep each image's output in DIR, as NAME.log\n"
	"      --timeout SECONDS  the time limit of each test, instead of its own (90 unless it\n"
	"                         says otherwise; 0 means no limit)\n"
	"      --standalone NAME=FILE\n"
	"                         write FILE, a script that contains the test and runs it\n"
	"      --with-command     include the command ring0 and its libraries in the script\n"
	"      --env-file FILE    lines NAME=VALUE for the images' environment\n"
	"      --append TEXT      append this to each command line\n"
	"      --console NAME     the console that results are read from (default com1): as\n"
	"                         --console of `ring0 boot`\n"
	"      --cpu MODEL        the CPU of tests that don't say: as --cpu of `ring0 boot`\n"
	"      --cpus N           likewise (default 1)\n"
	"      --memory MIB       likewise (default 128 for tests of a unittests.cfg, else 512)\n"
	"  -v, --verbose          also show the output of tests that pass\n"
	"  -h, --help             show this text\n"
	"\n"
	"Exit status: 0 all passed; 1 a test failed; 77 everything was skipped; 99 the host could\n"
	"not do its job, or nothing was selected.\n";

static int refuse(const char *option, const char *value, const char *wanted)
{
	suite_complain("--%s %s: %s is expected", option, value, wanted);
	return -EINVAL;
}

static int read_number(const char *option, const char *text, unsigned int most, unsigned int *value)
{
	char wanted[64];

	if (values_number(text, 1, most, value))
		return 0;
	snprintf(wanted, sizeof(wanted), "a number from 1 to %u", most);
	return refuse(option, text, wanted);
}

static int read_time_limit(struct suite_options *options, const char *text)
{
	unsigned int milliseconds;

	if (!values_seconds(text, &milliseconds))
		return refuse("timeout", text, "a number of seconds, or 0 for no limit,");
	options->has_time_limit = true;
	options->time_limit_ms = milliseconds;
	return 0;
}

static int read_format(struct suite_options *options, const char *text)
{
	size_t length = strcspn(text, "=");
	const struct report_ops *ops = report_find(text, length);

	if (!ops)
		return refuse("format", text, "pretty, tap, junit, xunit, json, ktap or sotest");
	if (options->report_count == SUITE_REPORTS_MAX)
		return refuse("format", text, "no more than 16 reports, this one");
	if (text[length] && !text[length + 1])
		return refuse("format", text, "a file's name after the =");
	options->reports[options->report_count].ops = ops;
	options->reports[options->report_count++].file =
		text[length] && strcmp(text + length, "=-") != 0 ? text + length + 1 : NULL;
	return 0;
}

static int read_list(struct suite_options *options, const char *how)
{
	if (how && strcmp(how, "json") != 0)
		return refuse("list", how, "json, or nothing,");
	options->list = how ? SUITE_LIST_JSON : SUITE_LIST_NAMES;
	return 0;
}

/* To what was given before. */
static int add_groups(struct suite_options *options, const char *list)
{
	char *groups = NULL;
	size_t i;

	for (i = 0; list[i]; i++)
		if (list[i] == ',' && (!i || list[i - 1] == ',' || !list[i + 1]))
			return refuse("group", list, "the name of a group");
	if (!*list)
		return refuse("group", list, "the name of a group");
	if (asprintf(&groups, "%s%s%s", options->groups ? options->groups : "",
		     options->groups ? "," : "", list) < 0) {
		suite_complain("out of memory for the command line");
		return -ENOMEM;
	}
	free(options->groups);
	options->groups = groups;
	return 0;
}

static int read_console(struct suite_options *options, const char *text)
{
	enum r0_vm_console console;

	char names[128];

	if (!console_find(text, &console))
		return refuse("console", text, console_list(names, sizeof(names), "or"));
	options->console = text;
	return 0;
}

static int take(struct suite_options *options, int option, const char *value)
{
	switch (option) {
	case 'g':
		return add_groups(options, value);
	case 'a':
		options->selection.all = true;
		return 0;
	case 'l':
		return read_list(options, value);
	case 'j':
		return read_number("jobs", value, SUITE_JOBS_MAX, &options->jobs);
	case OPTION_FORMAT:
		return read_format(options, value);
	case OPTION_OUTPUT:
		options->output = strcmp(value, "-") != 0 ? value : NULL;
		return 0;
	case OPTION_LOG_DIR:
		options->log_directory = value;
		return *value ? 0 : refuse("log-dir", value, "the name of a directory");
	case OPTION_TIMEOUT:
		return read_time_limit(options, value);
	case OPTION_STANDALONE:
		options->standalone = value;
		return 0;
	case OPTION_WITH_COMMAND:
		options->with_command = true;
		return 0;
	case OPTION_ENV_FILE:
		options->environment = value;
		return 0;
	case OPTION_APPEND:
		options->append = value;
		return 0;
	case OPTION_CONSOLE:
		return read_console(options, value);
	case OPTION_CPU:
		options->cpu = value;
		return suite_has_models ? 0 :
					  refuse("cpu", value, "that of this host, and no other,");
	case OPTION_CPUS:
		return read_number("cpus", value, R0_VM_CPUS_MAX, &options->cpus);
	case OPTION_MEMORY:
		return read_number("memory", value, 1u << 20, &options->memory_mib);
	case 'v':
		options->verbose = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		break;
	}
	return -EINVAL;
}

/* The groups as a list of words, behind the operands. */
static void split_groups(struct suite_options *options)
{
	const char **groups = options->words + options->operand_count;
	char *rest = options->groups, *group;

	options->selection.groups = groups;
	while (rest && (group = strsep(&rest, ",")) != NULL)
		groups[options->selection.group_count++] = group;
}

static size_t count_groups(const char *groups)
{
	size_t count = 1;

	for (; groups && *groups; groups++)
		count += *groups == ',';
	return count;
}

/* What goes to standard output is to go to the file of --output. */
static int settle_reports(struct suite_options *options)
{
	size_t i, without_file = 0;

	if (!options->report_count)
		options->reports[options->report_count++].ops = &report_pretty_ops;
	for (i = 0; i < options->report_count; i++) {
		if (options->reports[i].file)
			continue;
		options->reports[i].file = options->output;
		without_file++;
	}
	if (without_file < 2 && !(options->output && !without_file && !options->list))
		return 0;
	suite_complain(without_file ?
			       "--format: only one report can go to one place: give the others "
			       "a file, as in --format junit=FILE" :
			       "--output: there is no report for it: each has a file of its own");
	return -EINVAL;
}

static int read_factor(struct suite_options *options)
{
	struct error error = { "" };
	int err = timeout_factor_read(getenv("R0_TIMEOUT_FACTOR"), &options->time_factor, &error);

	if (err)
		suite_complain("%s", error.text);
	return err;
}

/* Options and operands in any order, until --. */
static int parse_words(int argc, char **argv, struct suite_options *options)
{
	int err = 0;

	optind = 1;
	opterr = 0;
	while (!err) {
		int option = getopt_long(argc, argv, ":g:alj:vh", long_options, NULL);

		if (option == -1)
			break;
		if (option == ':') {
			suite_complain("%s: it takes a value; see `ring0 suite --help`",
				       argv[optind - 1]);
			return -EINVAL;
		}
		if (option == '?') {
			suite_complain("%s: there is no such option; see `ring0 suite --help`",
				       argv[optind - 1]);
			return -EINVAL;
		}
		err = take(options, option, optarg);
	}
	return err;
}

/* Before getopt_long() moves them. */
static size_t count_after_dashes(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return (size_t)(argc - i - 1);
	return 0;
}

int suite_options_parse(int argc, char **argv, struct suite_options *options)
{
	size_t patterns = count_after_dashes(argc, argv);
	int err, i;

	*options = (struct suite_options){ .jobs = 1, .time_factor = 1 };
	err = parse_words(argc, argv, options);
	if (err)
		return err;
	options->words = calloc((size_t)argc + count_groups(options->groups), sizeof(char *));
	if (!options->words) {
		suite_complain("out of memory for the command line");
		return -ENOMEM;
	}
	/* getopt_long() has put them to the end, and those after -- stay behind the others. */
	for (i = optind; i < argc; i++)
		options->words[options->operand_count++] = argv[i];
	options->pattern_count = patterns < options->operand_count ? patterns :
								     options->operand_count;
	split_groups(options);
	err = settle_reports(options);
	return err ? err : read_factor(options);
}

void suite_options_finish(struct suite_options *options)
{
	free(options->words);
	free(options->groups);
}

void suite_options_help(FILE *out)
{
	fputs(help, out);
}

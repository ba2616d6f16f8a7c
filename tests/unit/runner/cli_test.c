/* SPDX-License-Identifier: MIT */
/* Unit tests of runner/cli/cli.c: the command line and the environment. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "runner/cli/cli.h"
#include "runner/cli/timeout_factor.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Parse words, of which the last is NULL. */
static int parse(struct cli *cli, const char *const *words, struct error *error)
{
	char *argv[16] = { (char *)"program" };
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	error->text[0] = '\0';
	return cli_parse(cli, argc, argv, error);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define PARSE(cli, ...)                                             \
	do {                                                        \
		struct error error_;                                \
		int err_ = parse(cli, WORDS(__VA_ARGS__), &error_); \
                                                                    \
		assert_string_equal(error_.text, "");               \
		assert_int_equal(err_, 0);                          \
	} while (0)

static int clear_environment(void **state)
{
	(void)state;
	static const char *const names[] = {
		"NO_COLOR",
		"R0_TIMEOUT_FACTOR",
		"GITHUB_ACTIONS",
		"TEST_TOTAL_SHARDS",
		"TEST_SHARD_INDEX",
		"TEST_SHARD_STATUS_FILE",
		"TESTBRIDGE_TEST_ONLY",
		"XML_OUTPUT_FILE",
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(names); i++)
		unsetenv(names[i]);
	return 0;
}

static void defaults(void **state)
{
	const char *const none[] = { NULL };
	struct error error;
	struct cli cli;

	(void)state;
	assert_int_equal(parse(&cli, none, &error), 0);
	assert_int_equal(cli.selection.pattern_count, 0);
	assert_int_equal(cli.selection.group_count, 0);
	assert_int_equal(cli.selection.repeat, 1);
	assert_false(cli.selection.all);
	assert_int_equal(cli.report_count, 1);
	assert_ptr_equal(cli.reports[0].ops, &report_pretty_ops);
	assert_null(cli.reports[0].file);
	assert_null(cli.output);
	assert_int_equal(cli.colour, CLI_COLOUR_AUTO);
	assert_int_equal(cli.timeout_ms, 0);
	assert_int_equal(cli.skip_status, 77);
	assert_int_equal(cli.fail_status, 1);
	assert_true(cli.timeout_factor == 1);
	assert_int_equal(cli.workers, 0);
	assert_int_equal(cli.selection.shards, 0);
	assert_false(cli.list || cli.fail_fast || cli.fresh_vm || cli.verbose || cli.help ||
		     cli.version || cli.check_reset || cli.annotate || cli.selection.shuffle);
	cli_finish(&cli);
	/* No words at all, not even the program's. */
	assert_int_equal(cli_parse(&cli, 0, (char *[]){ NULL }, NULL), 0);
	cli_finish(&cli);
}

/* Where gdb connects to is said by either of two options. */
static void takes_gdb(void **state)
{
	struct error error;
	struct cli cli;

	(void)state;
	PARSE(&cli, "--gdb", "suite.name");
	assert_string_equal(cli.gdb, "");
	assert_true(cli.gdb_at_start);
	assert_int_equal(cli.selection.pattern_count, 1);
	cli_finish(&cli);
	PARSE(&cli, "--gdb-on-failure=1234");
	assert_string_equal(cli.gdb, "1234");
	assert_false(cli.gdb_at_start);
	cli_finish(&cli);
	PARSE(&cli, "--gdb-on-failure=socket", "--gdb");
	assert_string_equal(cli.gdb, "socket");
	assert_true(cli.gdb_at_start);
	cli_finish(&cli);
	PARSE(&cli, "--verbose");
	assert_null(cli.gdb);
	cli_finish(&cli);
	assert_int_equal(parse(&cli, WORDS("--gdb="), &error), -EINVAL);
	assert_string_equal(error.text, "--gdb=: give a port, a path or -");
	cli_finish(&cli);
	assert_int_equal(parse(&cli, WORDS("--gdb", "--image", "x"), &error), -EINVAL);
	assert_string_equal(error.text, "--gdb is of a run of tests: not with --image");
	cli_finish(&cli);
}

static void takes_every_option(void **state)
{
	struct cli cli;

	(void)state;
	PARSE(&cli, "--list", "--all", "--fail-fast", "--fresh-vm", "--verbose", "--check-reset");
	assert_int_equal(cli.list, CLI_LIST_NAMES);
	assert_true(cli.check_reset && cli.selection.all && cli.fail_fast && cli.fresh_vm &&
		    cli.verbose);
	cli_finish(&cli);
	PARSE(&cli, "--format=tap", "--output=x.tap", "--repeat=7", "--timeout=250",
	      "--color=never");
	assert_int_equal(cli.report_count, 1);
	assert_ptr_equal(cli.reports[0].ops, &report_tap_ops);
	assert_string_equal(cli.reports[0].file, "x.tap");
	assert_string_equal(cli.output, "x.tap");
	assert_int_equal(cli.selection.repeat, 7);
	assert_int_equal(cli.timeout_ms, 250);
	assert_int_equal(cli.colour, CLI_COLOUR_NEVER);
	cli_finish(&cli);
	PARSE(&cli, "--format", "tap", "--output", "-", "--repeat", "1000000", "--timeout",
	      "4294967295", "--color", "always");
	assert_ptr_equal(cli.reports[0].ops, &report_tap_ops);
	assert_null(cli.reports[0].file);
	assert_null(cli.output);
	assert_int_equal(cli.selection.repeat, 1000000);
	assert_int_equal(cli.timeout_ms, 4294967295);
	assert_int_equal(cli.colour, CLI_COLOUR_ALWAYS);
	cli_finish(&cli);
	PARSE(&cli, "--skip-status=0", "--fail-status=20");
	assert_int_equal(cli.skip_status, 0);
	assert_int_equal(cli.fail_status, 20);
	cli_finish(&cli);
	PARSE(&cli, "--list=json", "--jobs=3", "--shard=2/5", "--shuffle=0");
	assert_int_equal(cli.list, CLI_LIST_JSON);
	assert_int_equal(cli.workers, 3);
	assert_int_equal(cli.selection.shard, 2);
	assert_int_equal(cli.selection.shards, 5);
	assert_true(cli.selection.shuffle);
	assert_int_equal(cli.selection.seed, 0);
	cli_finish(&cli);
	PARSE(&cli, "-j", "4", "--shuffle=4294967295", "--shard", "1/1");
	assert_int_equal(cli.workers, 4);
	assert_int_equal(cli.selection.seed, 4294967295);
	cli_finish(&cli);
	PARSE(&cli, "-vj12");
	assert_true(cli.verbose);
	assert_int_equal(cli.workers, 12);
	cli_finish(&cli);
	PARSE(&cli, "--help");
	assert_true(cli.help);
	cli_finish(&cli);
	PARSE(&cli, "--version", "-hv");
	assert_true(cli.version && cli.help && cli.verbose);
	cli_finish(&cli);
}

static void takes_groups(void **state)
{
	struct cli cli;

	(void)state;
	PARSE(&cli, "--group", "a,bc", "--group=d");
	assert_int_equal(cli.selection.group_count, 3);
	assert_string_equal(cli.selection.groups[0], "a");
	assert_string_equal(cli.selection.groups[1], "bc");
	assert_string_equal(cli.selection.groups[2], "d");
	cli_finish(&cli);
}

static void takes_several_reports(void **state)
{
	struct cli cli;

	(void)state;
	PARSE(&cli, "--format", "tap", "--format=junit=a=b.xml", "--format", "json=-x");
	assert_int_equal(cli.report_count, 3);
	assert_ptr_equal(cli.reports[0].ops, &report_tap_ops);
	assert_null(cli.reports[0].file);
	assert_ptr_equal(cli.reports[1].ops, &report_junit_ops);
	assert_string_equal(cli.reports[1].file, "a=b.xml");
	assert_ptr_equal(cli.reports[2].ops, &report_json_ops);
	assert_string_equal(cli.reports[2].file, "-x");
	cli_finish(&cli);
	/* --output is for the one without a file; without one, that is for people. */
	PARSE(&cli, "--output=o", "--format=ktap=k", "--format=sotest");
	assert_string_equal(cli.reports[0].file, "k");
	assert_string_equal(cli.reports[1].file, "o");
	cli_finish(&cli);
	PARSE(&cli, "--format=junit=x.xml");
	assert_int_equal(cli.report_count, 2);
	assert_ptr_equal(cli.reports[1].ops, &report_pretty_ops);
	assert_null(cli.reports[1].file);
	cli_finish(&cli);
	PARSE(&cli, "--format=json=-", "--format=tap=t");
	assert_int_equal(cli.report_count, 2);
	assert_null(cli.reports[0].file);
	cli_finish(&cli);
}

static void makes_up_seeds(void **state)
{
	unsigned int seeds[4], i, same = 0;
	struct cli cli;

	(void)state;
	for (i = 0; i < LENGTH(seeds); i++) {
		PARSE(&cli, "--shuffle");
		assert_true(cli.selection.shuffle);
		seeds[i] = cli.selection.seed;
		same += seeds[i] == seeds[0];
		cli_finish(&cli);
	}
	assert_true(same < LENGTH(seeds));
}

static void tells_patterns_from_options(void **state)
{
	static const char *const expected[] = { "io.*",	  "-io.outb", "-very.*", "-", "-hv.x",
						"-jit.*", "--all",    "-v",	 "" };
	struct cli cli;
	size_t i;

	(void)state;
	PARSE(&cli, "io.*", "-io.outb", "-v", "-very.*", "-", "-hv.x", "-jit.*", "--fail-fast",
	      "--", "--all", "-v", "");
	assert_int_equal(cli.selection.pattern_count, LENGTH(expected));
	for (i = 0; i < LENGTH(expected); i++)
		assert_string_equal(cli.selection.patterns[i], expected[i]);
	assert_true(cli.verbose && cli.fail_fast);
	assert_false(cli.selection.all || cli.help);
	cli_finish(&cli);
}

static void an_argument_is_no_pattern(void **state)
{
	struct cli cli;

	(void)state;
	PARSE(&cli, "--output", "-v", "--group", "--all");
	assert_string_equal(cli.output, "-v");
	assert_string_equal(cli.selection.groups[0], "--all");
	assert_int_equal(cli.selection.pattern_count, 0);
	assert_false(cli.verbose || cli.selection.all);
	cli_finish(&cli);
}

static void leaves_the_programs_own_scan_alone(void **state)
{
	char *argv[] = { (char *)"program", (char *)"-ab", NULL };
	struct cli cli;

	(void)state;
	optind = 1;
	assert_int_equal(getopt(2, argv, "ab"), 'a'); /* in the middle of a word */
	PARSE(&cli, "--verbose", "io.*");
	assert_true(cli.verbose);
	assert_int_equal(cli.selection.pattern_count, 1);
	assert_int_equal(optind, 1);
	cli_finish(&cli);
}

static void refuses(void **state)
{
	static const struct {
		const char *words[4];
		const char *message;
	} rows[] = {
		{ { "--repeat=0" }, "--repeat=0: give a whole number from 1 to 1000000" },
		{ { "--repeat", "1000001" }, "--repeat=1000001: give a whole" },
		{ { "--repeat", "-1" }, "--repeat=-1: give a whole" },
		{ { "--repeat", " 1" }, "--repeat= 1: give a whole" },
		{ { "--repeat", "+1" }, "--repeat=+1: give a whole" },
		{ { "--repeat", "1x" }, "--repeat=1x: give a whole" },
		{ { "--repeat", "0x10" }, "--repeat=0x10: give a whole" },
		{ { "--repeat=" }, "--repeat=: give a whole" },
		{ { "--timeout=4294967296" }, "--timeout=4294967296: give a whole" },
		{ { "--timeout=99999999999999999999" }, "--timeout=99999999999999999999: give a" },
		{ { "--timeout=ten" }, "--timeout=ten: give a whole" },
		{ { "--timeout" }, "--timeout: an argument is missing" },
		{ { "--format=xml" },
		  "--format=xml: no such format; there are pretty, tap, junit, xunit, json, ktap, sotest" },
		{ { "--format=" }, "--format=: no such format" },
		{ { "--color=red" }, "--color=red: give auto, always or never" },
		{ { "--output=" }, "--output: the name of the file is empty" },
		{ { "--group=" }, "--group: the name of a group is empty" },
		{ { "--group=a,,b" }, "--group: the name of a group is empty" },
		{ { "--group=a," }, "--group: the name of a group is empty" },
		{ { "--list=yes" }, "--list=yes: give json, or nothing" },
		{ { "--all=yes" }, "--all takes no argument" },
		{ { "--skip-status=256" }, "--skip-status=256: give a whole number from 0 to 255" },
		{ { "--fail-status=-1" }, "--fail-status=-1: give a whole number from 0 to 255" },
		{ { "-j", "0" }, "--jobs=0: give a whole number from 1 to 1024" },
		{ { "-j" }, "--jobs: an argument is missing" },
		{ { "--jobs=1025" }, "--jobs=1025: give a whole" },
		{ { "--shuffle=x" }, "--shuffle=x: give a whole number from 0 to 4294967295" },
		{ { "--shuffle=4294967296" }, "--shuffle=4294967296: give a whole" },
		{ { "--shuffle=" }, "--shuffle=: give a whole" },
		{ { "--shard=0/2" }, "--shard=0/2: give I/N" },
		{ { "--shard=3/2" }, "--shard=3/2: give I/N" },
		{ { "--shard=1/0" }, "--shard=1/0: give I/N" },
		{ { "--shard=1" }, "--shard=1: give I/N" },
		{ { "--shard=/2" }, "--shard=/2: give I/N" },
		{ { "--shard=1/2/3" }, "--shard=1/2/3: give I/N" },
		{ { "--shard", "-1/2" }, "--shard=-1/2: give I/N" },
		{ { "--shuffle", "--shard=1/2" }, "give --shuffle=SEED, the same to each shard" },
		{ { "--format=tap", "--format=json" },
		  "--format=tap and --format=json both go to standard output: give one a file" },
		{ { "--format=tap", "--format=tap=-" }, "both go to standard output" },
		{ { "--format=tap", "--format=json", "--output=x" }, "both go to x: give one" },
		{ { "--format=tap=x", "--format=json=x" }, "two reports go to the file x" },
		{ { "--format=tap=x", "--format=json", "--output=x" },
		  "two reports go to the file x" },
		{ { "--format=tap=" }, "--format=tap=: the name of the file is empty" },
		{ { "--format=ta=x" }, "--format=ta=x: no such format" },
		{ { "--lisp" }, "--lisp: no such option; did you mean --list?" },
		{ { "--fail-fats" }, "--fail-fats: no such option; did you mean --fail-fast?" },
		{ { "--wombat=3" }, "--wombat: no such option; --help shows them" },
		{ { "--ver" }, "--ver may be one of several options; write it out" },
		{ { "--shufle" }, "--shufle: no such option; did you mean --shuffle?" },
		{ { "--sh" }, "--sh may be one of several" },
		{ { "ok.*", "--=" }, "may be one of several" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		struct error error;
		struct cli cli;

		assert_int_equal(parse(&cli, rows[i].words, &error), -EINVAL);
		if (!strstr(error.text, rows[i].message))
			fail_msg("\"%s\" is not in \"%s\"", rows[i].message, error.text);
		cli_finish(&cli);
	}
}

static void reads_the_environment(void **state)
{
	struct error error;
	struct cli cli;

	(void)state;
	setenv("NO_COLOR", "1", 1);
	PARSE(&cli, "--verbose");
	assert_int_equal(cli.colour, CLI_COLOUR_NEVER);
	cli_finish(&cli);
	PARSE(&cli, "--color=always");
	assert_int_equal(cli.colour, CLI_COLOUR_ALWAYS);
	cli_finish(&cli);
	setenv("NO_COLOR", "", 1);
	PARSE(&cli, "--verbose");
	assert_int_equal(cli.colour, CLI_COLOUR_AUTO);
	cli_finish(&cli);
	setenv("R0_TIMEOUT_FACTOR", "2.5", 1);
	PARSE(&cli, "--verbose");
	assert_true(cli.timeout_factor == 2.5);
	cli_finish(&cli);
	setenv("R0_TIMEOUT_FACTOR", "fast", 1);
	assert_int_equal(parse(&cli, WORDS("--verbose"), &error), -EINVAL);
	assert_non_null(strstr(error.text, "R0_TIMEOUT_FACTOR=fast: give a number"));
	cli_finish(&cli);
}

static void reads_bazels_variables(void **state)
{
	static const struct {
		const char *total, *index;
	} bad[] = { { "2", NULL }, { "2", "2" }, { "2", "-1" }, { "x", "0" }, { "2", "" } };
	struct error error;
	struct cli cli;
	size_t i;

	(void)state;
	setenv("TEST_TOTAL_SHARDS", "3", 1);
	setenv("TEST_SHARD_INDEX", "0", 1);
	setenv("TEST_SHARD_STATUS_FILE", "/tmp/status", 1);
	setenv("TESTBRIDGE_TEST_ONLY", "io.*:-io.outb", 1);
	setenv("XML_OUTPUT_FILE", "test.xml", 1);
	PARSE(&cli, "--verbose");
	assert_int_equal(cli.selection.shard, 1);
	assert_int_equal(cli.selection.shards, 3);
	assert_string_equal(cli.shard_status_file, "/tmp/status");
	assert_int_equal(cli.selection.filter_count, 2);
	assert_string_equal(cli.selection.filters[0], "io.*");
	assert_string_equal(cli.selection.filters[1], "-io.outb");
	assert_int_equal(cli.selection.pattern_count, 0);
	assert_int_equal(cli.report_count, 2);
	assert_ptr_equal(cli.reports[0].ops, &report_pretty_ops);
	assert_null(cli.reports[0].file);
	assert_ptr_equal(cli.reports[1].ops, &report_junit_ops);
	assert_string_equal(cli.reports[1].file, "test.xml");
	cli_finish(&cli);
	/* The command line goes first, and the file is not written twice. */
	PARSE(&cli, "--shard=2/2", "--format=junit=test.xml", "--format=tap");
	assert_int_equal(cli.selection.shard, 2);
	assert_int_equal(cli.selection.shards, 2);
	assert_non_null(cli.shard_status_file);
	assert_int_equal(cli.report_count, 2);
	cli_finish(&cli);
	for (i = 0; i < LENGTH(bad); i++) {
		setenv("TEST_TOTAL_SHARDS", bad[i].total, 1);
		unsetenv("TEST_SHARD_INDEX");
		if (bad[i].index)
			setenv("TEST_SHARD_INDEX", bad[i].index, 1);
		assert_int_equal(parse(&cli, WORDS("--verbose"), &error), -EINVAL);
		assert_non_null(strstr(error.text, "the index goes from 0"));
		cli_finish(&cli);
	}
	/* No sharding, and nothing else. */
	setenv("TEST_TOTAL_SHARDS", "0", 1);
	setenv("TESTBRIDGE_TEST_ONLY", "", 1);
	setenv("XML_OUTPUT_FILE", "", 1);
	PARSE(&cli, "--verbose");
	assert_int_equal(cli.selection.shards, 0);
	assert_null(cli.shard_status_file);
	assert_int_equal(cli.selection.filter_count, 0);
	assert_int_equal(cli.report_count, 1);
	cli_finish(&cli);
	clear_environment(NULL);
}

static void annotates_for_github_only(void **state)
{
	struct cli cli;

	(void)state;
	setenv("GITHUB_ACTIONS", "true", 1);
	PARSE(&cli, "--verbose");
	assert_true(cli.annotate);
	cli_finish(&cli);
	setenv("GITHUB_ACTIONS", "false", 1);
	PARSE(&cli, "--verbose");
	assert_false(cli.annotate);
	cli_finish(&cli);
	unsetenv("GITHUB_ACTIONS");
}

static void reads_the_timeout_factor(void **state)
{
	static const char *const bad[] = { "0",	  "0.0", "-1",	"+1",	   "1e3",
					   "inf", "nan", "0x2", "1,5",	   "1.2.3",
					   ".",	  "2 ",	 " 2",	"1000001", "0.0001" };
	static const struct {
		const char *text;
		double value;
	} good[] = {
		{ NULL, 1 },  { "", 1 },   { "1", 1 },	     { "10", 10 },
		{ ".5", .5 }, { "2.", 2 }, { "2.25", 2.25 }, { "1000000", 1000000 },
	};
	double value;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++)
		assert_int_equal(timeout_factor_read(bad[i], &value, NULL), -EINVAL);
	for (i = 0; i < LENGTH(good); i++) {
		assert_int_equal(timeout_factor_read(good[i].text, &value, NULL), 0);
		assert_true(value > good[i].value - 1e-9 && value < good[i].value + 1e-9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(defaults, clear_environment),
		cmocka_unit_test_setup(takes_every_option, clear_environment),
		cmocka_unit_test_setup(takes_gdb, clear_environment),
		cmocka_unit_test_setup(takes_groups, clear_environment),
		cmocka_unit_test_setup(takes_several_reports, clear_environment),
		cmocka_unit_test_setup(makes_up_seeds, clear_environment),
		cmocka_unit_test_setup(tells_patterns_from_options, clear_environment),
		cmocka_unit_test_setup(an_argument_is_no_pattern, clear_environment),
		cmocka_unit_test_setup(leaves_the_programs_own_scan_alone, clear_environment),
		cmocka_unit_test_setup(refuses, clear_environment),
		cmocka_unit_test_setup(reads_the_environment, clear_environment),
		cmocka_unit_test_setup(reads_bazels_variables, clear_environment),
		cmocka_unit_test_setup(annotates_for_github_only, clear_environment),
		cmocka_unit_test_setup(reads_the_timeout_factor, clear_environment),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The options of a test program, and what --help says of them: see cli_options.h. */
#include "runner/cli/cli_options.h"
#include <errno.h>
#include <string.h>
#include "base/text.h"
#include "report/formats.h"

/* Where the second column of --help begins. */
#define HELP_COLUMN 24

const struct option_description cli_options[OPTION_COUNT] = {
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
	{ OPTION_COVERAGE_BY_TEST, 0, "coverage-by-test", "DIR|FILE.info",
	  "also write each test's own files of coverage, to a\n"
	  "folder each in DIR, for `ring0 which-tests`; or all as\n"
	  "LCOV's records to FILE.info. What each executed is also\n"
	  "in JSON reports that go to files. Tests run one after\n"
	  "another" },
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
	{ OPTION_GDB, 0, "gdb", "[=PORT|PATH|-]",
	  "stop each test before its first instruction, and\n"
	  "where one fails, for a gdb that connects to PORT of\n"
	  "this machine (one that is free), to the socket PATH,\n"
	  "or that has started this program (-). Tests run one\n"
	  "after another" },
	{ OPTION_GDB_ON_FAILURE, 0, "gdb-on-failure", "[=PORT|PATH|-]",
	  "the same, but only where a test fails" },
	{ OPTION_FUZZ, 0, "fuzz", "SECONDS",
	  "let libFuzzer or AFL++ search for inputs that fail\n"
	  "R0_FUZZ()'s tests, for this long each (0: until it\n"
	  "finds one)" },
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

const struct option_description *cli_option_by_letter(char letter)
{
	size_t i;

	for (i = 0; i < OPTION_COUNT; i++)
		if (cli_options[i].letter && cli_options[i].letter == letter)
			return &cli_options[i];
	return NULL;
}

bool cli_option_is_optional(const struct option_description *option)
{
	return option->argument && option->argument[0] == '[';
}

/* What getopt_long() did not take. */
int cli_option_refuse(const char *word, int missing, struct error *error)
{
	const char *name = word + strspn(word, "-");
	size_t length = strcspn(name, "=");
	const char *near = NULL;
	unsigned int prefixed = 0;
	char given[64];
	size_t i;

	snprintf(given, sizeof(given), "%.*s", length < 60 ? (int)length : 60, name);
	for (i = 0; i < OPTION_COUNT; i++) {
		if (!strncmp(cli_options[i].name, name, length)) {
			prefixed++;
			near = cli_options[i].name;
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
		if (text_is_near(given, cli_options[i].name))
			near = cli_options[i].name;
	if (near)
		return error_set(error, EINVAL, "--%s: no such option; did you mean --%s?", given,
				 near);
	return error_set(error, EINVAL, "--%s: no such option; --help shows them", given);
}

static void put_option(FILE *out, const struct option_description *option)
{
	const char *help = option->help;
	int column;
	size_t i;

	column = option->letter ? fprintf(out, "  -%c, ", option->letter) : fprintf(out, "      ");
	column += fprintf(out, "--%s%s%s", option->name,
			  option->argument && !cli_option_is_optional(option) ? " " : "",
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
		put_option(out, &cli_options[i]);
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

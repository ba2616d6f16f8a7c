/* SPDX-License-Identifier: MIT */
/* The command line of `ring0 which-tests`. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "command/commands.h"
#include "command/which_tests/gather.h"
#include "command/which_tests/known.h"
#include "command/which_tests/lcov.h"
#include "command/which_tests/wanted.h"

#define STATUS_KNOWN   0
#define STATUS_UNKNOWN 1
#define STATUS_USAGE   2
#define STATUS_ERROR   99

#define FROM "coverage-by-test"

static const char help[] =
	"Usage: ring0 which-tests [OPTION]... [FILE:LINE|FILE:LINE-LINE|FILE:FUNCTION|FILE]...\n"
	"       git diff | ring0 which-tests [OPTION]... -\n"
	"Print the names of the tests that executed these lines, as a test program with\n"
	"--coverage-by-test=DIR has noted: those to run after a change there. Of a diff these\n"
	"are the lines that go, and around new ones the lines that they come between.\n"
	"\n"
	"  --from DIR|FILE    what to ask: the folder (" FROM "), or what --lcov wrote\n"
	"  --lcov FILE        write all of it to FILE as LCOV's records, a TN for each test\n"
	"  --json FILE        write all of it to FILE as JSON, a line for each test\n"
	"  -h, --help         print this, and exit\n"
	"\n"
	"A line without code is the nearest ones with code before and behind it. FILE is the end\n"
	"of a path. $GCOV, $LLVM_COV and $LLVM_PROFDATA are used in place of gcov, llvm-cov and\n"
	"llvm-profdata.\n"
	"Exit status: 0 the answer is whole; 1 nothing is known of some of it, which standard\n"
	"error names: other tests may be concerned; 99 something can't be read; 2 the command\n"
	"line is not understood.\n";

enum { OPTION_FROM = 256, OPTION_LCOV, OPTION_JSON };

static const struct option long_options[] = {
	{ "from", required_argument, NULL, OPTION_FROM },
	{ "lcov", required_argument, NULL, OPTION_LCOV },
	{ "json", required_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct options {
	const char *from;
	const char *lcov, *json; /* files to write, or "" */
};

/* The records, to be read from their start; or NULL. */
static FILE *open_records(const struct options *options, struct error *error)
{
	const char *name = *options->lcov ? options->lcov : "a temporary file";
	struct stat status;
	FILE *records;

	if (!stat(options->from, &status) && S_ISREG(status.st_mode)) {
		records = fopen(options->from, "re");
		if (!records)
			error_set(error, errno, "%.300s: %s", options->from, strerror(errno));
		return records;
	}
	records = *options->lcov ? fopen(options->lcov, "w+e") : tmpfile();
	if (!records) {
		error_set(error, errno, "opening %.300s: %s", name, strerror(errno));
		return NULL;
	}
	if (!gather(options->from, records, error)) {
		if (!fflush(records) && !ferror(records)) {
			rewind(records);
			return records;
		}
		error_set(error, errno, "writing %.300s: %s", name, strerror(errno));
	}
	fclose(records);
	return NULL;
}

static int write_json(const struct options *options, FILE *records, struct error *error)
{
	FILE *out = fopen(options->json, "we");
	int err;

	if (!out)
		return error_set(error, errno, "opening %.300s: %s", options->json,
				 strerror(errno));
	err = lcov_write_json(records, options->from, out, error);
	if (fclose(out) && !err)
		err = error_set(error, errno, "writing %.300s: %s", options->json, strerror(errno));
	rewind(records);
	return err;
}

static void tell(const char *test)
{
	puts(test);
}

static bool tell_unknown(const struct wanted_list *list)
{
	bool unknown = false;
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct wanted *item = &list->items[i];

		if (item->known)
			continue;
		unknown = true;
		/* The lines of a diff are many, and what is known of them is of the file. */
		if (i && !item->function && !strcmp(list->items[i - 1].path, item->path))
			continue;
		fprintf(stderr, "ring0 which-tests: nothing is known of %s%s%s\n", item->path,
			item->function ? ":" : "", item->function ? item->function : "");
	}
	return unknown;
}

static int answer(const struct options *options, FILE *records, struct wanted_list *list,
		  struct error *error)
{
	struct known *known;
	int err = known_create(&known, records, options->from, error);

	if (err)
		return err;
	known_want(known, list);
	rewind(records);
	err = known_tests(known, records, options->from, tell, error);
	known_destroy(known);
	return err;
}

static int run(const struct options *options, struct wanted_list *list)
{
	struct error error = { "" };
	FILE *records = open_records(options, &error);
	int err = records ? 0 : -EIO, status = STATUS_KNOWN;

	if (!err && *options->json)
		err = write_json(options, records, &error);
	if (!err && list->count)
		err = answer(options, records, list, &error);
	if (!err && (fflush(stdout) || ferror(stdout)))
		err = error_set(&error, errno, "writing: %s", strerror(errno));
	if (records)
		fclose(records);
	if (err) {
		fprintf(stderr, "ring0 which-tests: %s\n", error.text);
		status = STATUS_ERROR;
	} else if (tell_unknown(list)) {
		status = STATUS_UNKNOWN;
	}
	return status;
}

static int read_operands(struct wanted_list *list, char **operands, struct error *error)
{
	int err = 0;

	for (; *operands && !err; operands++)
		err = strcmp(*operands, "-") == 0 ? wanted_add_diff(list, stdin, error) :
						    wanted_add_text(list, *operands, error);
	return err;
}

int which_tests_main(int argc, char **argv)
{
	struct options options = { .from = FROM, .lcov = "", .json = "" };
	struct wanted_list list = { 0 };
	struct error error = { "" };
	int option, status;

	optind = 0;
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_FROM:
			options.from = optarg;
			break;
		case OPTION_LCOV:
			options.lcov = optarg;
			break;
		case OPTION_JSON:
			options.json = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return STATUS_USAGE;
		}
	}
	if (optind == argc && !*options.lcov && !*options.json) {
		fputs(help, stderr);
		return STATUS_USAGE;
	}
	if (read_operands(&list, argv + optind, &error)) {
		fprintf(stderr, "ring0 which-tests: %s\n",
			error.text[0] ? error.text : "no memory");
		status = STATUS_USAGE;
	} else {
		status = run(&options, &list);
	}
	wanted_finish(&list);
	return status;
}

/* SPDX-License-Identifier: MIT */
/* `ring0 suite`: from the command line to the exit status. Depends on suite.h. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "command/commands.h"
#include "command/suite/suite.h"
#include "report/list.h"

static int show_list(const struct suite_options *options, const struct plan *plan)
{
	FILE *out = options->output ? fopen(options->output, "we") : stdout;
	size_t i;
	int err;

	for (i = 0; out && i < plan->count; i++) {
		if (options->list == SUITE_LIST_JSON)
			report_list_json(out, &plan->cases[i]);
		else
			report_list_text(out, &plan->cases[i], options->verbose);
	}
	err = !out || fflush(out) || ferror(out) ? errno : 0;
	if (out && out != stdout && fclose(out) && !err)
		err = errno;
	if (!err)
		return EXIT_STATUS_PASSED;
	suite_complain("writing the list to %s: %s",
		       options->output ? options->output : "standard output", strerror(err));
	return EXIT_STATUS_ERROR;
}

/* The images by the patterns and groups, in their own order. */
static int make_plan(struct plan *plan, const struct suite_options *options,
		     const struct suite_collection *collection, struct error *error)
{
	struct plan_selection selection = options->selection;
	const struct r0_test **tests = calloc(collection->image_count + 1, sizeof(*tests));
	size_t i;
	int err;

	if (!tests)
		return error_set(error, ENOMEM, "out of memory for %zu images",
				 collection->image_count);
	for (i = 0; i < collection->image_count; i++)
		tests[i] = &collection->images[i].test;
	selection.patterns = collection->patterns;
	selection.pattern_count = collection->pattern_count;
	err = plan_init(plan, tests, collection->image_count, &selection, error);
	free(tests);
	return err;
}

static int work(const struct suite_options *options)
{
	struct suite_collection collection = { 0 };
	struct error error = { "" };
	struct plan plan = { 0 };
	int status = EXIT_STATUS_ERROR;
	int err = suite_collect(&collection, options, &error);

	if (!err && options->standalone) {
		err = suite_standalone_write(options, &collection, &error);
		status = EXIT_STATUS_PASSED;
	} else if (!err) {
		err = make_plan(&plan, options, &collection, &error);
		if (!err)
			status = options->list ? show_list(options, &plan) :
						 suite_run(options, &plan);
	}
	if (err) {
		suite_complain("%s", error.text[0] ? error.text : strerror(-err));
		status = EXIT_STATUS_ERROR;
	}
	plan_finish(&plan);
	suite_collection_finish(&collection);
	return status;
}

int suite_main(int argc, char **argv)
{
	struct suite_options options;
	int err = suite_options_parse(argc, argv, &options);
	int status = EXIT_STATUS_ERROR;

	/* A reader that goes away is an error of writing, and so is a file that is too large. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (!err && options.help) {
		suite_options_help(stdout);
		status = fflush(stdout) ? EXIT_STATUS_ERROR : EXIT_STATUS_PASSED;
	} else if (!err) {
		status = work(&options);
	}
	suite_options_finish(&options);
	return status;
}

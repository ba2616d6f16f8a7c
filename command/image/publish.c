/* SPDX-License-Identifier: MIT */
/* An image's results as reports. Depends on image.h, report/ and libc. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "command/image/image.h"
#include "plan/plan.h"
#include "report/formats.h"
#include "report/set.h"

/* Suite and test of "suite.name", for formats that tell them apart. */
static void name_test(struct r0_test *test, const char *full)
{
	const char *dot = strchr(full, '.');

	test->suite = dot ? strndup(full, (size_t)(dot - full)) : strdup("");
	test->name = strdup(dot ? dot + 1 : full);
}

static int make_plan(struct plan *plan, struct r0_test **tests, const struct image_log *log)
{
	size_t i;

	*plan = (struct plan){ .registered = log->count };
	plan->cases = calloc(log->count + 1, sizeof(*plan->cases));
	*tests = calloc(log->count + 1, sizeof(**tests));
	if (!plan->cases || !*tests)
		return -ENOMEM;
	for (i = 0; i < log->count; i++) {
		const struct image_log_case *c = &log->cases[i];
		struct r0_test *test = &(*tests)[i];

		name_test(test, c->name);
		test->file = c->file ? c->file : "";
		test->line = c->line;
		test->options.xfail = c->xfail;
		plan->cases[i] = (struct plan_case){ .test = test, .name = c->name };
		plan->count++;
		if (!test->suite || !test->name)
			return -ENOMEM;
	}
	plan->once = plan->count;
	return 0;
}

static void free_plan(struct plan *plan, struct r0_test *tests)
{
	size_t i;

	for (i = 0; i < plan->count; i++) {
		free((char *)(uintptr_t)tests[i].suite);
		free((char *)(uintptr_t)tests[i].name);
	}
	free(tests);
	free(plan->cases);
}

static char *text_of(const struct buffer *buffer)
{
	return buffer->length ? buffer->text : (char *)(uintptr_t) "";
}

static int open_reports(struct report_set *set, const struct image_options *options,
			const char *program)
{
	struct report report = {
		.verbose = options->verbose,
		.program = program,
		.version = R0_VERSION,
		.ops = &report_pretty_ops,
	};
	size_t i;
	int err = 0;

	if (!options->report_count)
		return report_set_add(set, &report, NULL);
	for (i = 0; i < options->report_count && !err; i++) {
		report.ops = options->reports[i].ops;
		err = report_set_add(set, &report, options->reports[i].file);
	}
	return err;
}

/* Why not all of it has been run, or NULL. */
static const char *why_broken(const struct image_log *log)
{
	return log->panic     ? log->panic :
	       log->has_ended ? NULL :
				"the image did not come to its end";
}

static void report_all(struct report_set *set, const struct image_log *log, struct tally *tally)
{
	size_t i;

	for (i = 0; i < log->count; i++) {
		const struct image_log_case *c = &log->cases[i];
		const struct outcome outcome = {
			.result = {
				.verdict = c->is_done ? c->verdict : R0_VERDICT_CRASH,
				.message = c->is_done ? text_of(&c->message) :
							(char *)(uintptr_t)"nothing came after its start",
				.report = text_of(&c->report),
				.output = text_of(&c->output),
				.output_size = c->output.length,
				.file = c->file ? c->file : (char *)(uintptr_t)"",
				.line = c->line,
				.values = c->values.values,
				.value_count = c->values.value_count,
			},
			.duration_ns = c->duration_ns,
		};

		tally_add(tally, outcome.result.verdict);
		tally_add_values(tally, &outcome.result);
		tally->duration_ns += c->duration_ns;
		if (report_set_result(set, i, &outcome, NULL, false))
			break;
	}
}

int image_publish(const struct image_options *options, struct image_log *log)
{
	const char *broken = why_broken(log), *program = image_log_value(log, "ring0 image");
	struct report_set set = { 0 };
	struct r0_test *tests = NULL;
	struct tally tally = { 0 };
	char name[128] = "";
	struct plan plan;
	int status = EXIT_STATUS_ERROR;
	size_t i;

	if (program)
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(program, ","), program);
	if (make_plan(&plan, &tests, log)) {
		fputs("ring0 image: out of memory\n", stderr);
		goto free;
	}
	set.plan = &plan;
	if (!open_reports(&set, options, name[0] ? name : NULL)) {
		report_all(&set, log, &tally);
		report_set_end(&set, &tally, broken, broken);
	}
	report_set_close(&set);
	status = (int)tally_exit_status(&tally);
	if (broken && status != EXIT_STATUS_FAILED)
		status = EXIT_STATUS_ERROR;
	for (i = 0; i < set.count; i++)
		if (set.outputs[i].error) {
			fprintf(stderr, "ring0 image: writing the report to %s: %s\n",
				set.outputs[i].name, strerror(set.outputs[i].error));
			status = EXIT_STATUS_ERROR;
		}
free:
	free_plan(&plan, tests);
	return status;
}

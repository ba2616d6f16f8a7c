/* SPDX-License-Identifier: MIT */
/* From an image that has ended to lines of reports. Depends on suite.h, report/set.h and libc. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "command/suite/suite.h"
#include "suite/ending.h"
#include "verdict/outcome.h"

/* So many may come of an image, its end included; of all of them no more than this. */
#define CASES_MAX 2000000

int suite_publication_init(struct suite_publication *publication, size_t images)
{
	struct plan *plan = &publication->plan;

	*publication = (struct suite_publication){ .plan.suites = images };
	plan->limit = images * (SUITE_RESULTS_MAX + 1);
	if (plan->limit > CASES_MAX)
		plan->limit = CASES_MAX;
	/* What is not used of it costs no memory: reports have pointers into it, so that it can't move. */
	plan->cases = calloc(plan->limit, sizeof(*plan->cases));
	publication->reports.plan = plan;
	return plan->cases ? 0 : -ENOMEM;
}

void suite_publication_finish(struct suite_publication *publication)
{
	struct plan *plan = &publication->plan;
	size_t i;

	for (i = 0; i < plan->count; i++) {
		struct r0_test *test = (struct r0_test *)(uintptr_t)plan->cases[i].test;

		free((char *)(uintptr_t)test->name);
		free((char *)(uintptr_t)test->options.xfail);
		free(test);
		free(plan->cases[i].name);
	}
	free(plan->cases);
	*publication = (struct suite_publication){ .plan.count = 0 };
}

/* A case of an image, by the name that the guest has for it, or of the whole image if that is NULL. */
static bool add_case(struct suite_publication *publication, const struct suite_image *image,
		     const char *name, const char *xfail)
{
	struct plan *plan = &publication->plan;
	struct plan_case *c = &plan->cases[plan->count];
	struct r0_test *test = calloc(1, sizeof(*test));
	char *full = NULL;

	if (plan->count == plan->limit || !test ||
	    asprintf(&full, "%s%s%s", image->name, name ? "." : "", name ? name : "") < 0) {
		free(test);
		return false;
	}
	*test = image->test;
	test->suite = image->name;
	test->name = strdup(name ? name : image->name);
	test->options.xfail = xfail ? strdup(xfail) : NULL;
	*c = (struct plan_case){ .test = test, .name = full };
	plan->count++;
	return true;
}

static int report_case(struct suite_publication *publication, size_t index,
		       const struct outcome *outcome)
{
	tally_add(&publication->tally, outcome->result.verdict);
	return report_set_result(&publication->reports, index, outcome, NULL, false);
}

static int report_result(struct suite_publication *publication, size_t index,
			 const struct suite_result *result)
{
	const struct outcome outcome = {
		.result = {
			.verdict = result->verdict,
			.message = result->message ? result->message : (char *)(uintptr_t)"",
			.report = (char *)(uintptr_t)"",
			.output = result->output ? result->output : (char *)(uintptr_t)"",
			.output_size = result->output_size,
			.file = (char *)(uintptr_t)"",
		},
		.duration_ns = result->duration_ns,
	};

	return report_case(publication, index, &outcome);
}

/* Without the margin that each of its lines has. */
static char *without_margin(const char *report)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = report ? open_memstream(&text, &size) : NULL;

	while (out && *report) {
		size_t margin = strspn(report, " "), length = strcspn(report, "\n");

		margin = margin > 4 ? 4 : margin;
		fwrite(report + margin, 1, length - margin, out);
		putc('\n', out);
		report += length + (report[length] == '\n');
	}
	if (out && fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int report_end(struct suite_publication *publication, size_t index,
		      const struct suite_child *child, enum r0_verdict verdict, const char *message)
{
	const struct buffer *pending = &child->results.pending;
	char *report = without_margin(child->report);
	const struct outcome outcome = {
		.result = {
			.verdict = verdict,
			.message = (char *)(uintptr_t)message,
			.report = report ? report : (char *)(uintptr_t)"",
			.output = pending->length ? pending->text : (char *)(uintptr_t)"",
			.output_size = pending->length,
			.file = (char *)(uintptr_t)"",
		},
		.duration_ns = child->ended_ns - child->results.last_ns,
	};
	int err = report_case(publication, index, &outcome);

	free(report);
	return err;
}

static bool add_result(struct suite_publication *publication, const struct suite_image *image,
		       const struct suite_result *result)
{
	bool is_expected = result->verdict == R0_VERDICT_XFAIL ||
			   result->verdict == R0_VERDICT_XPASS;
	const char *why = result->message ? result->message : "";

	return add_case(publication, image, result->name, is_expected ? why : NULL);
}

/* All cases of an image are there before the first is reported: some formats begin with their number. */
int suite_publish(struct suite_publication *publication, struct suite_child *child)
{
	const struct suite_results *results = &child->results;
	size_t first = publication->plan.count, i;
	enum r0_verdict verdict = child->job.verdict;
	char message[1024];
	bool has_end = true;
	int err = 0;

	if (child->job.is_refused)
		snprintf(message, sizeof(message), "%s", child->job.reason);
	else
		has_end = suite_ending_judge(&child->ending, results, &verdict, message,
					     sizeof(message));
	for (i = 0; i < results->count; i++)
		if (!add_result(publication, child->image, &results->items[i]))
			return -ENOMEM;
	if (has_end && !add_case(publication, child->image, results->count ? "end" : NULL, NULL))
		return -ENOMEM;
	for (i = 0; i < results->count && !err; i++)
		err = report_result(publication, first + i, &results->items[i]);
	if (has_end && !err)
		err = report_end(publication, first + i, child, verdict, message);
	return err;
}

void suite_publish_not_run(struct suite_publication *publication, const struct suite_image *image)
{
	add_case(publication, image, NULL, NULL);
}

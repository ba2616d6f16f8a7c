/* SPDX-License-Identifier: MIT */
/*
 * Results as KTAP, version 1 (Documentation/dev-tools/ktap.rst), as the kernel's kunit.py reads
 * it: each suite is a test, its cases are the subtests. Suites are taken as they come: when
 * shuffled, one may come several times. Depends on text.h for names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"
#include "report/formats.h"
#include "report/values.h"
#include "verdict/verdict.h"

struct state {
	size_t suite;  /* number of the one that is open, or was last */
	size_t number; /* of the last case in it */
	size_t length; /* its cases */
	bool failed;
	bool ran; /* a case that was not skipped */
};

/* How many cases of one suite follow each other from there on. */
static size_t cases_of_suite(const struct plan *plan, size_t first)
{
	const char *suite = plan->cases[first].test->suite;
	size_t end = first;

	while (end < plan->count && !strcmp(plan->cases[end].test->suite, suite))
		end++;
	return end - first;
}

static int begin(struct report *report)
{
	const struct plan *plan = report->plan;
	size_t suites = plan->suites, i;
	char order[64];

	report->state = calloc(1, sizeof(struct state));
	if (!report->state)
		return -ENOMEM;
	for (i = 0; !plan->limit && i < plan->count; i += cases_of_suite(plan, i))
		suites++;
	fprintf(report->out, "KTAP version 1\n1..%zu\n", suites);
	report_order(plan, order, sizeof(order));
	if (order[0])
		fprintf(report->out, "# %s\n", order);
	report_put_host(report, "# ", "\n");
	return 0;
}

static void put_name(FILE *out, const char *name)
{
	text_put_plain(out, name, "#");
}

static void open_suite(const struct report *report, const struct plan_case *c)
{
	struct state *state = report->state;

	if (state->number < state->length)
		return;
	*state = (struct state){
		.suite = state->suite + 1,
		.length = cases_of_suite(report->plan, report_index(report, c)),
	};
	fputs("  KTAP version 1\n  # Subtest: ", report->out);
	put_name(report->out, c->test->suite);
	fprintf(report->out, "\n  1..%zu\n", state->length);
}

static void close_suite(const struct report *report, const struct plan_case *c)
{
	struct state *state = report->state;

	if (state->number < state->length)
		return;
	fprintf(report->out, "%s %zu ", state->failed ? "not ok" : "ok", state->suite);
	put_name(report->out, c->test->suite);
	fputs(state->ran || state->failed ? "\n" : " # SKIP all of it\n", report->out);
}

static void put_result(const struct report *report, const struct plan_case *c, bool ok,
		       const char *directive, const char *why)
{
	struct state *state = report->state;

	state->failed |= !ok;
	fprintf(report->out, "  %s %zu ", ok ? "ok" : "not ok", ++state->number);
	put_name(report->out, report_short_name(c));
	if (directive[0] || (why && why[0]))
		fprintf(report->out, " #%s%s", directive[0] ? " " : "", directive);
	if (why && why[0]) {
		putc(' ', report->out);
		text_put(report->out, why, strcspn(why, "\n"), "");
	}
	putc('\n', report->out);
}

/* Lines that can't be taken for a subtest's header: three blanks after the hash. */
static void put_output(FILE *out, const struct r0_result *result)
{
	text_put_lines(out, result->output, result->output_size, "  #   ");
}

static void put_lines(FILE *out, const char *text)
{
	if (text)
		text_put_lines(out, text, strlen(text), "  #   ");
}

static void put_diagnostics(const struct report *report, const struct plan_case *c,
			    const struct outcome *outcome)
{
	const char *file;
	int line;

	put_output(report->out, &outcome->result);
	fputs("  # ", report->out);
	put_name(report->out, report_short_name(c));
	file = report_place(outcome, c, &line);
	fprintf(report->out, ": %s at ", r0_verdict_name(outcome->result.verdict));
	text_put(report->out, file, strlen(file), "");
	fprintf(report->out, ":%d\n", line);
	put_lines(report->out, outcome->result.message);
	put_lines(report->out, outcome->result.report);
}

static void put_values(const struct report *report, const struct plan_case *c,
		       const struct r0_result *r)
{
	size_t i;

	for (i = 0; i < r->value_count; i++) {
		fputs("  # ", report->out);
		put_name(report->out, report_short_name(c));
		fputs(": value: ", report->out);
		value_put(report, c, &r->values[i]);
		putc('\n', report->out);
	}
}

static void result(struct report *report, const struct plan_case *c, const struct outcome *outcome)
{
	const struct r0_result *r = &outcome->result;
	struct state *state = report->state;

	open_suite(report, c);
	if (verdict_is_failure(r->verdict) || r->verdict == R0_VERDICT_ERROR)
		put_diagnostics(report, c, outcome);
	else if (report->verbose)
		put_output(report->out, r);
	put_values(report, c, r);
	state->ran |= r->verdict != R0_VERDICT_SKIP;
	switch (r->verdict) {
	case R0_VERDICT_PASS:
		put_result(report, c, true, "", NULL);
		break;
	case R0_VERDICT_SKIP:
		put_result(report, c, true, "SKIP", r->message);
		break;
	case R0_VERDICT_XFAIL:
		put_result(report, c, true, "XFAIL", c->test->options.xfail);
		break;
	case R0_VERDICT_TIMEOUT:
		put_result(report, c, false, "TIMEOUT", r->message);
		break;
	case R0_VERDICT_ERROR:
		put_result(report, c, false, "ERROR", r->message);
		break;
	case R0_VERDICT_FAIL:
	case R0_VERDICT_XPASS:
	case R0_VERDICT_CRASH:
	default:
		/* No keyword, so that no message can be taken for one. */
		put_result(report, c, false, "", NULL);
		break;
	}
	close_suite(report, c);
}

static void not_run(struct report *report, const struct plan_case *c, const char *why, bool broken)
{
	struct state *state = report->state;
	char text[600];

	open_suite(report, c);
	snprintf(text, sizeof(text), "not run: %s", why);
	put_result(report, c, true, "SKIP", text);
	state->failed |= broken;
	close_suite(report, c);
}

static void end(struct report *report, const struct tally *tally, const char *broken)
{
	report_put_doubts(report, tally, "# ", "\n");
	if (broken) {
		fputs("# the run had to stop: ", report->out);
		text_put(report->out, broken, strlen(broken), "");
		putc('\n', report->out);
	}
	free(report->state);
	report->state = NULL;
}

static void skipped(struct report *report, const char *reason)
{
	fputs("KTAP version 1\n1..0 # SKIP ", report->out);
	text_put(report->out, reason, strlen(reason), "");
	putc('\n', report->out);
}

const struct report_ops report_ktap_ops = {
	.name = "ktap",
	.title = "the kernel's TAP, version 1",
	.begin = begin,
	.result = result,
	.not_run = not_run,
	.end = end,
	.skipped = skipped,
};

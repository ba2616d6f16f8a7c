/* SPDX-License-Identifier: MIT */
/*
 * Results as SoTest's protocol, version 1 (https://docs.sotest.io/user/protocol/): what a line
 * begins with decides, lines that it doesn't know are free text. They end by CR LF, as serial
 * lines do. The protocol passes a run if cases = successes + skips and nothing failed. Benchmarks
 * are not counted among the cases, as in Cyberus' guest tests, and have whole numbers. Depends on text.h for
 * names.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"
#include "report/formats.h"
#include "report/values.h"
#include "verdict/verdict.h"

#define EOL "\r\n"

/* What comes after the first line, while the number in that is not known. */
struct state {
	FILE *out; /* where all of it goes in the end */
	char *text;
	size_t size;
};

/* The first line is put off until the end. */
static int put_off(struct report *report)
{
	struct state *state = calloc(1, sizeof(*state));
	FILE *out = state ? open_memstream(&state->text, &state->size) : NULL;

	if (!out) {
		free(state);
		return -ENOMEM;
	}
	state->out = report->out;
	report->out = out;
	report->state = state;
	return 0;
}

static void put_now(struct report *report)
{
	struct state *state = report->state;

	if (!state)
		return;
	fclose(report->out);
	report->out = state->out;
	fprintf(report->out, "SOTEST VERSION 1 BEGIN %zu" EOL, report->plan->count);
	fwrite(state->text, 1, state->size, report->out);
	free(state->text);
	free(state);
	report->state = NULL;
}

static int begin(struct report *report)
{
	char order[64];

	report->state = NULL;
	if (report->plan->limit) {
		if (put_off(report))
			return -ENOMEM;
	} else {
		fprintf(report->out, "SOTEST VERSION 1 BEGIN %zu" EOL, report->plan->count);
	}
	report_order(report->plan, order, sizeof(order));
	if (order[0])
		fprintf(report->out, "# %s" EOL, order);
	report_put_host(report, "# ", EOL);
	return 0;
}

static void put_name(FILE *out, const char *name)
{
	text_put_plain(out, name, "\"");
}

/* Free text, in lines of "# name: text". */
static void put_bytes(FILE *out, const char *name, const char *heading, const char *text,
		      size_t size)
{
	while (size) {
		size_t length = text_line_length(text, size), used = length + (length < size);

		fputs("# ", out);
		put_name(out, name);
		fprintf(out, ": %s", heading);
		text_put(out, text, length, "");
		fputs(EOL, out);
		text += used;
		size -= used;
	}
}

static void put_text(FILE *out, const char *name, const char *heading, const char *text)
{
	put_bytes(out, name, heading, text, text ? strlen(text) : 0);
}

static void put_success(FILE *out, const char *word, const char *name)
{
	fprintf(out, "SOTEST %s \"", word);
	put_name(out, name);
	fputs("\"" EOL, out);
}

static void put_skip(FILE *out, const char *name, const char *heading, const char *why)
{
	put_text(out, name, heading, why && why[0] ? why : "no reason is given");
	fputs("SOTEST SKIP" EOL, out);
}

/* To the nearest whole number. */
static int64_t whole(const struct r0_value *value)
{
	int64_t number = value->number, last = 0;
	uint32_t decimals;

	for (decimals = value->decimals; decimals; decimals--) {
		last = number % 10;
		number /= 10;
	}
	return last >= 5 ? number + 1 : last <= -5 ? number - 1 : number;
}

static void put_values(struct report *report, const struct plan_case *c, const struct r0_result *r)
{
	FILE *out = report->out;
	size_t i;

	for (i = 0; i < r->value_count; i++) {
		const struct r0_value *value = &r->values[i];

		fputs("# ", out);
		put_name(out, c->name);
		fputs(": value: ", out);
		value_put(report, c, value);
		fputs(EOL "SOTEST BENCHMARK:", out);
		text_put_plain(out, c->name, "\":");
		putc(' ', out);
		text_put_plain(out, value->name, "\":");
		putc(':', out);
		text_put_plain(out, value->unit, "\":");
		fprintf(out, ":%" PRId64 EOL, whole(value));
	}
}

static void result(struct report *report, const struct plan_case *c, const struct outcome *outcome)
{
	const struct r0_result *r = &outcome->result;
	bool bad = verdict_is_failure(r->verdict) || r->verdict == R0_VERDICT_ERROR;
	FILE *out = report->out;
	char text[64];

	if (r->verdict == R0_VERDICT_SKIP) {
		put_skip(out, c->name, "skipped: ", r->message);
		return;
	}
	if (r->verdict == R0_VERDICT_XFAIL)
		put_text(out, c->name, "failed as expected: ", c->test->options.xfail);
	if (bad || report->verbose) {
		const char *file;
		int line;

		put_bytes(out, c->name, "output: ", r->output, r->output_size);
		if (bad) {
			file = report_place(outcome, c, &line);
			put_text(out, c->name, "file: ", file);
			snprintf(text, sizeof(text), "%d", line);
			put_text(out, c->name, "line: ", text);
			put_text(out, c->name, "verdict: ", r0_verdict_name(r->verdict));
		}
		put_text(out, c->name, "", r->message);
		put_text(out, c->name, "report: ", r->report);
		snprintf(text, sizeof(text), "%" PRIu64 " us", outcome->duration_ns / 1000);
		put_text(out, c->name, "duration: ", text);
	}
	put_values(report, c, r);
	put_success(out, bad ? "FAIL" : "SUCCESS", c->name);
}

static void not_run(struct report *report, const struct plan_case *c, const char *why, bool broken)
{
	(void)broken;
	put_skip(report->out, c->name, "not run: ", why);
}

static void end(struct report *report, const struct tally *tally, const char *broken)
{
	put_now(report);
	report_put_doubts(report, tally, "# ", EOL);
	if (!broken) {
		fputs("SOTEST END" EOL, report->out);
		return;
	}
	put_text(report->out, "the run had to stop", "", broken);
	fputs("SOTEST PANIC" EOL, report->out);
}

static void skipped(struct report *report, const char *reason)
{
	size_t i;

	begin(report);
	for (i = 0; i < report->plan->count; i++)
		put_skip(report->out, report->plan->cases[i].name, "skipped: ", reason);
	if (!report->plan->count)
		put_text(report->out, "nothing to run", "", reason);
	put_now(report);
	fputs("SOTEST END" EOL, report->out);
}

const struct report_ops report_sotest_ops = {
	.name = "sotest",
	.title = "SoTest's protocol, version 1",
	.begin = begin,
	.result = result,
	.not_run = not_run,
	.end = end,
	.skipped = skipped,
};

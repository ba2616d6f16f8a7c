/* SPDX-License-Identifier: MIT */
/*
 * Results as JSON, an object a line (RFC 8259), documented in docs/report-json.md. Depends on
 * text.h for strings.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"
#include "report/formats.h"
#include "report/list.h"
#include "report/values.h"
#include "verdict/doubt.h"

/* Goes up when a reader of an older version could misread what is written. */
#define FORMAT_VERSION 1

struct state {
	bool *started; /* one a case */
	size_t not_run;
};

static void put_member(FILE *out, const char *name, const char *text)
{
	fprintf(out, ",\"%s\":", name);
	text = text ? text : "";
	text_put_json(out, text, strlen(text));
}

/* The same, if there is something to say. */
static void put_known(FILE *out, const char *name, const char *text)
{
	if (text && text[0])
		put_member(out, name, text);
}

/* RFC 4648, 4. */
static void put_base64(FILE *out, const char *text, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const unsigned char *bytes = (const unsigned char *)text;
	size_t i;

	for (i = 0; i < size; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16;

		if (i + 1 < size)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < size)
			group |= bytes[i + 2];
		putc(digits[group >> 18], out);
		putc(digits[group >> 12 & 63], out);
		putc(i + 1 < size ? digits[group >> 6 & 63] : '=', out);
		putc(i + 2 < size ? digits[group & 63] : '=', out);
	}
}

static void begin_event(const struct report *report, const char *type, const struct plan_case *c)
{
	fprintf(report->out, "{\"type\":\"%s\",\"id\":%zu", type, report_index(report, c) + 1);
	put_member(report->out, "name", c->name);
}

static void put_host(const struct report *report)
{
	const struct host *host = report->host;

	if (!host)
		return;
	fputs(",\"host\":{\"kind\":", report->out);
	text_put_json(report->out, host->kind, strlen(host->kind));
	put_known(report->out, "virtualization", host->virtualization);
	put_member(report->out, "cpu", host->cpu);
	put_member(report->out, "kernel", host->kernel);
	putc('}', report->out);
}

static int begin(struct report *report)
{
	const struct plan *plan = report->plan;
	struct state *state = calloc(1, sizeof(*state));

	report->state = state;
	if (!state)
		return -ENOMEM;
	state->started = calloc(plan_limit(plan) + 1, sizeof(*state->started));
	if (!state->started) {
		free(state);
		report->state = NULL;
		return -ENOMEM;
	}
	fprintf(report->out, "{\"type\":\"plan\",\"version\":%d", FORMAT_VERSION);
	put_known(report->out, "program", report->program);
	put_known(report->out, "ring0", report->version);
	if (plan->limit)
		fprintf(report->out, ",\"suites\":%zu", plan->suites);
	else
		fprintf(report->out, ",\"count\":%zu", plan->count);
	if (plan->shuffled)
		fprintf(report->out, ",\"seed\":%" PRIu32, plan->seed);
	if (plan->shards)
		fprintf(report->out, ",\"shard\":%u,\"shards\":%u", plan->shard, plan->shards);
	put_host(report);
	fputs("}\n", report->out);
	return 0;
}

static void start(const struct report *report, const struct plan_case *c)
{
	struct state *state = report->state;

	if (state->started[report_index(report, c)])
		return;
	state->started[report_index(report, c)] = true;
	begin_event(report, "start", c);
	fputs("}\n", report->out);
}

static void running(struct report *report, const struct plan_case *c, uint64_t elapsed_ns,
		    const struct tally *so_far)
{
	(void)elapsed_ns;
	(void)so_far;
	start(report, c);
}

/* What is no UTF-8 can't be in a JSON string: then its bytes are given besides. */
static void put_output(const struct report *report, const struct plan_case *c, const char *output,
		       size_t size)
{
	begin_event(report, "output", c);
	fputs(",\"text\":", report->out);
	if (!text_put_json(report->out, output, size)) {
		fputs(",\"base64\":\"", report->out);
		put_base64(report->out, output, size);
		putc('"', report->out);
	}
	fputs("}\n", report->out);
}

static void begin_result(const struct report *report, const struct plan_case *c)
{
	FILE *out = report->out;

	begin_event(report, "result", c);
	put_member(out, "suite", c->test->suite);
	put_member(out, "test", c->test->name);
	if (c->test->options.params.count)
		fprintf(out, ",\"param\":%zu", c->param);
}

static void put_number(FILE *out, const char *name, int64_t number, uint32_t decimals)
{
	fprintf(out, ",\"%s\":", name);
	value_put_number(out, number, decimals);
}

static void put_change(const struct report *report, const struct plan_case *c,
		       const struct r0_value *value)
{
	struct value_change change;
	FILE *out = report->out;

	if (!value_change(report, c, value, &change))
		return;
	put_number(out, "was", change.was.number, change.was.decimals);
	if (change.hundredths >= 0)
		put_number(out, "ratio", change.hundredths, 2);
	if (change.is_measurement)
		fprintf(out, ",\"within_noise\":%s", change.is_within_noise ? "true" : "false");
}

static void put_values(const struct report *report, const struct plan_case *c,
		       const struct r0_result *r)
{
	FILE *out = report->out;
	size_t i;

	if (!r->value_count)
		return;
	fputs(",\"values\":[", out);
	for (i = 0; i < r->value_count; i++) {
		const struct r0_value *value = &r->values[i];

		fputs(i ? ",{\"name\":" : "{\"name\":", out);
		text_put_json(out, value->name, strlen(value->name));
		put_member(out, "unit", value->unit);
		put_number(out, "number", value->number, value->decimals);
		if (value->samples) {
			put_number(out, "minimum", value->minimum, value->decimals);
			put_number(out, "spread", value->spread, value->decimals);
			put_number(out, "samples", value->samples, 0);
		}
		put_change(report, c, value);
		putc('}', out);
	}
	putc(']', out);
}

static void result(struct report *report, const struct plan_case *c, const struct outcome *outcome)
{
	const struct r0_result *r = &outcome->result;
	FILE *out = report->out;
	const char *file;
	char doubts[256];
	int line;

	start(report, c);
	if (r->output_size)
		put_output(report, c, r->output, r->output_size);
	begin_result(report, c);
	put_member(out, "verdict", r0_verdict_name(r->verdict));
	put_known(out, "message", r->message);
	put_known(out, "report", r->report);
	put_known(out, "xfail", c->test->options.xfail);
	doubt_text(outcome->doubts, doubts, sizeof(doubts));
	put_known(out, "doubts", doubts);
	put_values(report, c, r);
	file = report_place(outcome, c, &line);
	put_member(out, "file", file);
	fprintf(out, ",\"line\":%d,\"duration_ns\":%" PRIu64 "}\n", line, outcome->duration_ns);
}

static void not_run(struct report *report, const struct plan_case *c, const char *why, bool broken)
{
	struct state *state = report->state;

	(void)broken;
	state->not_run++;
	begin_result(report, c);
	put_member(report->out, "verdict", "not-run");
	put_member(report->out, "message", why);
	put_member(report->out, "file", c->test->file ? c->test->file : "?");
	fprintf(report->out, ",\"line\":%d,\"duration_ns\":0}\n", c->test->line);
}

static void put_summary(const struct report *report, const struct tally *tally, size_t not_run,
			const char *broken)
{
	unsigned int verdict;

	fprintf(report->out, "{\"type\":\"summary\",\"count\":%u", tally->total);
	for (verdict = 0; verdict <= R0_VERDICT_ERROR; verdict++)
		fprintf(report->out, ",\"%s\":%u", r0_verdict_name((enum r0_verdict)verdict),
			tally->by_verdict[verdict]);
	fprintf(report->out, ",\"not-run\":%zu,\"duration_ns\":%" PRIu64, not_run,
		tally->duration_ns);
	put_known(report->out, "doubts", tally->doubts);
	put_known(report->out, "measurements", values_warning(report, tally));
	put_known(report->out, "broken", broken);
	fputs("}\n", report->out);
}

static void end(struct report *report, const struct tally *tally, const char *broken)
{
	struct state *state = report->state;

	put_summary(report, tally, state->not_run, broken);
	free(state->started);
	free(state);
	report->state = NULL;
}

static void skipped(struct report *report, const char *reason)
{
	struct tally tally = { .total = 0 };
	size_t i;

	if (begin(report))
		return;
	for (i = 0; i < report->plan->count; i++) {
		const struct outcome outcome = {
			.result = { .verdict = R0_VERDICT_SKIP, .message = (char *)reason },
		};

		tally_add(&tally, R0_VERDICT_SKIP);
		result(report, &report->plan->cases[i], &outcome);
	}
	end(report, &tally, NULL);
}

const struct report_ops report_json_ops = {
	.name = "json",
	.title = "JSON, one object a line",
	.begin = begin,
	.running = running,
	.result = result,
	.not_run = not_run,
	.end = end,
	.skipped = skipped,
};

/* The groups of a test, separated by commas and blanks, as an array. */
static void put_groups(FILE *out, const char *groups)
{
	const char *separator = "";

	fputs(",\"groups\":[", out);
	while (groups && *groups) {
		size_t length;
		char *word;

		groups += strspn(groups, ", \t");
		length = strcspn(groups, ", \t");
		word = length ? strndup(groups, length) : NULL;
		if (word) {
			fputs(separator, out);
			text_put_json(out, word, length);
			separator = ",";
		}
		free(word);
		groups += length;
	}
	putc(']', out);
}

void report_list_json(FILE *out, const struct plan_case *c)
{
	const struct r0_test *test = c->test;

	fputs("{\"type\":\"test\"", out);
	put_member(out, "name", c->name);
	put_member(out, "suite", test->suite);
	put_member(out, "test", test->name);
	if (test->options.params.count)
		fprintf(out, ",\"param\":%zu", c->param);
	put_member(out, "file", test->file ? test->file : "?");
	fprintf(out, ",\"line\":%d", test->line);
	put_groups(out, test->options.groups);
	put_known(out, "attributes", test->attributes);
	put_known(out, "xfail", test->options.xfail);
	if (test->options.timeout_ms)
		fprintf(out, ",\"timeout_ms\":%u", test->options.timeout_ms);
	fputs("}\n", out);
}

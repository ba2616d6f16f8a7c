/* SPDX-License-Identifier: MIT */
/*
 * Results as TAP 14 (https://testanything.org/tap-version-14-specification.html), with what is
 * known of a failure as a YAML 1.2 block. Depends on text.h for what characters may be shown.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"
#include "report/formats.h"
#include "report/values.h"

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void put_string(FILE *out, const char *text)
{
	text_put(out, text, strlen(text), "");
}

/* A test's name; TAP 14, "Escaping": a hash would begin a directive. */
static void put_name(FILE *out, const char *name)
{
	text_put(out, name, strlen(name), "#\\");
}

static int begin(struct report *report)
{
	char order[64];

	fputs("TAP version 14\n", report->out);
	/* TAP 14, "The Plan": or else it is at the end. */
	if (!report->plan->limit)
		fprintf(report->out, "1..%zu\n", report->plan->count);
	report_order(report->plan, order, sizeof(order));
	if (order[0])
		fprintf(report->out, "# %s\n", order);
	report_put_host(report, "# ", "\n");
	report->state = NULL;
	return 0;
}

/* One character in a double-quoted scalar: YAML 1.2.2, 5.7. A byte that is not UTF-8 is \xNN. */
static void put_quoted(FILE *out, const char *text, size_t length, int32_t code)
{
	if (code == '\n')
		fputs("\\n", out);
	else if (code == '\t')
		fputs("\\t", out);
	else if (code == '\r')
		fputs("\\r", out);
	else if (code == '"' || code == '\\')
		fprintf(out, "\\%c", (char)code);
	else if (text_is_printable(code))
		fwrite(text, 1, length, out);
	else if (code < 0x100)
		fprintf(out, "\\x%02x", (unsigned char)(code < 0 ? text[0] : code));
	else if (code < 0x10000)
		fprintf(out, "\\u%04x", (unsigned int)code);
	else
		fprintf(out, "\\U%08x", (unsigned int)code);
}

static void put_quoted_scalar(FILE *out, const char *text, size_t size)
{
	size_t length;
	int32_t code;

	putc('"', out);
	for (; size; text += length, size -= length) {
		length = text_decode(text, size, &code);
		put_quoted(out, text, length, code);
	}
	fputs("\"\n", out);
}

/*
 * Whether a literal block scalar holds the text as it is, and every reader of TAP understands it
 * (Perl's knows neither chomping nor an indentation of its own, Meson's takes any line of dots
 * for the end of the block): printable characters, a newline at the end and not two, no blank at
 * the beginning.
 */
static bool fits_block(const char *text, size_t size)
{
	bool at_start = true;
	size_t length;
	int32_t code;

	if (!size || text[size - 1] != '\n' || strchr(" \t\n", text[0]) || text[size - 2] == '\n')
		return false;
	for (; size; text += length, size -= length) {
		length = text_decode(text, size, &code);
		if (code != '\n' && code != '\t' && !text_is_printable(code))
			return false;
		if (at_start && size >= 3 && !strncmp(text, "...", 3))
			return false;
		at_start = code == '\n' || (at_start && (code == ' ' || code == '\t'));
	}
	return true;
}

/* A literal block scalar: YAML 1.2.2, 8.1. Meson wants the indentation on empty lines, too. */
static void put_block_scalar(FILE *out, const char *text, size_t size)
{
	fputs("|\n", out);
	while (size) {
		size_t length = text_line_length(text, size);

		fputs("    ", out);
		fwrite(text, 1, length, out);
		putc('\n', out);
		/* fits_block() has seen a newline at the end. */
		text += length + 1;
		size -= length + 1;
	}
}

/* A key with a text of any content, which a reader gets back byte by byte. */
static void put_text(FILE *out, const char *key, const char *text, size_t size)
{
	fprintf(out, "  %s: ", key);
	if (fits_block(text, size))
		put_block_scalar(out, text, size);
	else
		put_quoted_scalar(out, text, size);
}

/* The same for what ring0 wrote: one newline ends it if it has several lines, or else none. */
static void put_lines(FILE *out, const char *key, const char *text)
{
	size_t size = strlen(text);
	char *ended;

	while (size && text[size - 1] == '\n')
		size--;
	ended = malloc(size + 2);
	if (!ended) {
		put_text(out, key, text, size);
		return;
	}
	memcpy(ended, text, size);
	ended[size] = '\0';
	if (strchr(ended, '\n'))
		memcpy(ended + size++, "\n", 2);
	put_text(out, key, ended, size);
	free(ended);
}

/* A number of a mapping that is an entry of a sequence. */
static void put_number(FILE *out, const char *key, int64_t number, uint32_t decimals)
{
	fprintf(out, "      %s: ", key);
	value_put_number(out, number, decimals);
	putc('\n', out);
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
		fprintf(out, "      within_noise: %s\n", change.is_within_noise ? "true" : "false");
}

static void put_values(const struct report *report, const struct plan_case *c,
		       const struct r0_result *r)
{
	FILE *out = report->out;
	size_t i;

	if (!r->value_count)
		return;
	fputs("  values:\n", out);
	for (i = 0; i < r->value_count; i++) {
		const struct r0_value *value = &r->values[i];

		fputs("    - name: ", out);
		put_quoted_scalar(out, value->name, strlen(value->name));
		fputs("      unit: ", out);
		put_quoted_scalar(out, value->unit, strlen(value->unit));
		put_number(out, "number", value->number, value->decimals);
		if (value->samples) {
			put_number(out, "minimum", value->minimum, value->decimals);
			put_number(out, "spread", value->spread, value->decimals);
			put_number(out, "samples", value->samples, 0);
		}
		put_change(report, c, value);
	}
}

static void put_diagnostics(const struct report *report, const struct plan_case *c,
			    const struct outcome *outcome)
{
	FILE *out = report->out;
	const struct r0_result *r = &outcome->result;
	const char *file;
	int line;

	fprintf(out, "  ---\n  verdict: %s\n", r0_verdict_name(r->verdict));
	put_lines(out, "message", or_empty(r->message));
	file = report_place(outcome, c, &line);
	put_text(out, "file", file, strlen(file));
	fprintf(out, "  line: %d\n", line);
	fprintf(out, "  duration_ms: %" PRIu64 ".%03u\n", outcome->duration_ns / 1000000,
		(unsigned int)(outcome->duration_ns / 1000 % 1000));
	if (r->output_size)
		put_text(out, "output", r->output, r->output_size);
	if (r->report && r->report[0])
		put_lines(out, "report", r->report);
	put_values(report, c, r);
	fputs("  ...\n", out);
}

static void put_point(struct report *report, const struct plan_case *c, bool ok)
{
	fprintf(report->out, "%s %zu - ", ok ? "ok" : "not ok", report_index(report, c) + 1);
	put_name(report->out, c->name);
}

static void put_directive(FILE *out, const char *directive, const char *reason)
{
	fprintf(out, " # %s", directive);
	if (reason && reason[0]) {
		putc(' ', out);
		put_string(out, reason);
	}
}

static void result(struct report *report, const struct plan_case *c, const struct outcome *outcome)
{
	const struct r0_result *r = &outcome->result;
	bool diagnosed = true;
	FILE *out = report->out;

	put_point(report, c,
		  r->verdict == R0_VERDICT_PASS || r->verdict == R0_VERDICT_SKIP ||
			  r->verdict == R0_VERDICT_XPASS);
	switch (r->verdict) {
	case R0_VERDICT_PASS:
		diagnosed = false;
		break;
	case R0_VERDICT_SKIP:
		put_directive(out, "SKIP", r->message);
		diagnosed = false;
		break;
	case R0_VERDICT_XFAIL:
	case R0_VERDICT_XPASS:
		put_directive(out, "TODO", c->test->options.xfail);
		break;
	default:
		break;
	}
	putc('\n', out);
	if (diagnosed) {
		put_diagnostics(report, c, outcome);
		return;
	}
	if (r->value_count) {
		fputs("  ---\n", out);
		put_values(report, c, r);
		fputs("  ...\n", out);
	}
	if (report->verbose)
		text_put_lines(out, or_empty(r->output), r->output_size, "# ");
}

/* The plan promised it; but where the run bails out, that says all. */
static void not_run(struct report *report, const struct plan_case *c, const char *why, bool broken)
{
	if (broken)
		return;
	put_point(report, c, true);
	fputs(" # SKIP not run: ", report->out);
	put_string(report->out, why);
	putc('\n', report->out);
}

static void end(struct report *report, const struct tally *tally, const char *broken)
{
	report_put_doubts(report, tally, "# ", "\n");
	if (report->plan->limit)
		fprintf(report->out, "1..%zu\n", report->plan->count);
	if (!broken)
		return;
	fputs("Bail out! ", report->out);
	put_string(report->out, broken);
	putc('\n', report->out);
}

static void skipped(struct report *report, const char *reason)
{
	fputs("TAP version 14\n1..0", report->out);
	put_directive(report->out, "SKIP", reason);
	putc('\n', report->out);
}

const struct report_ops report_tap_ops = {
	.name = "tap",
	.title = "the Test Anything Protocol, version 14",
	.begin = begin,
	.result = result,
	.not_run = not_run,
	.end = end,
	.skipped = skipped,
};

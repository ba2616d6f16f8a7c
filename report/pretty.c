/* SPDX-License-Identifier: MIT */
/*
 * Results for people: a line for each test, what is known of each failure below it, a summary.
 * What a test wrote is shown with its control characters escaped. Depends on text.h for that.
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

/* Below a test's line: its message, and what it wrote. */
#define DETAIL "          "
#define BODY   DETAIL "    "

/* A screen's height where the terminal doesn't say, or there is none. */
#define ROWS 24

/* Of a test's output so much is shown from the start on, and from its end. */
#define HEAD_LINES 60
#define HEAD_BYTES 12288u
#define TAIL_LINES 40
#define TAIL_BYTES 8192u

/* Colours and weights: ECMA-48, 8.3.117, SGR. */
#define BOLD	"1"
#define DIM	"2"
#define RED	"31;1"
#define GREEN	"32;1"
#define YELLOW	"33;1"
#define MAGENTA "35;1"

/* A failure, for the list at the end. */
struct failure {
	const struct plan_case *c;
	enum r0_verdict verdict;
};

struct state {
	struct failure *failures;
	size_t failure_count, failure_capacity;
	unsigned int lines_since_failure; /* since the first one */
	unsigned int live_columns;	  /* of the progress line on the screen */
	char *skip_reason;		  /* of the first skip */
	bool skip_reasons_differ;
};

static const struct style {
	const char *label, *colour;
	const char *one, *many; /* in the summary, after the number */
} styles[] = {
	[R0_VERDICT_PASS] = { "PASS", GREEN, "passed", "passed" },
	[R0_VERDICT_FAIL] = { "FAIL", RED, "failed", "failed" },
	[R0_VERDICT_SKIP] = { "SKIP", YELLOW, "skipped", "skipped" },
	[R0_VERDICT_XFAIL] = { "XFAIL", GREEN, "failed as expected", "failed as expected" },
	[R0_VERDICT_XPASS] = { "XPASS", RED, "passed unexpectedly", "passed unexpectedly" },
	[R0_VERDICT_TIMEOUT] = { "TIMEOUT", RED, "timed out", "timed out" },
	[R0_VERDICT_CRASH] = { "CRASH", RED, "crashed", "crashed" },
	[R0_VERDICT_ERROR] = { "ERROR", MAGENTA, "error", "errors" },
};

static const struct style *style_of(enum r0_verdict verdict)
{
	return &styles[(unsigned int)verdict > R0_VERDICT_ERROR ? R0_VERDICT_ERROR : verdict];
}

static bool is_bad(enum r0_verdict verdict)
{
	return verdict_is_failure(verdict) || verdict == R0_VERDICT_ERROR;
}

static void put_coloured(const struct report *report, const char *colour, const char *text)
{
	if (report->colour)
		fprintf(report->out, "\x1b[%sm%s\x1b[0m", colour, text);
	else
		fputs(text, report->out);
}

/* Three digits and a unit, 7 columns wide or more. Without printf's %f: the locale is not ours. */
static void duration_text(uint64_t ns, char *buffer, size_t size)
{
	const char *unit = "µs";
	uint64_t thousandths = ns;
	unsigned int fraction;

	if (ns >= 1000000000) {
		unit = "s";
		thousandths = ns / 1000000;
	} else if (ns >= 1000000) {
		unit = "ms";
		thousandths = ns / 1000;
	}
	fraction = (unsigned int)(thousandths % 1000);
	if (thousandths < 10000)
		snprintf(buffer, size, "%" PRIu64 ".%02u %s", thousandths / 1000, fraction / 10,
			 unit);
	else if (thousandths < 100000)
		snprintf(buffer, size, "%" PRIu64 ".%u %s", thousandths / 1000, fraction / 100,
			 unit);
	else
		snprintf(buffer, size, "%" PRIu64 " %s", thousandths / 1000, unit);
}

/* How many columns a text takes; the only character of several bytes in durations is narrow. */
static unsigned int columns_of(const char *text)
{
	unsigned int columns = 0;

	for (; *text; text++)
		columns += (*text & 0xc0) != 0x80;
	return columns;
}

static void put_duration(const struct report *report, uint64_t ns)
{
	char text[40];
	unsigned int columns;

	duration_text(ns, text, sizeof(text));
	columns = columns_of(text);
	fprintf(report->out, "[%*s%s]", columns < 8 ? (int)(8 - columns) : 0, "", text);
}

/* Take the progress line off the screen; by blanks, so that no terminal is too simple for it. */
static void erase_live(const struct report *report)
{
	struct state *state = report->state;

	if (!state->live_columns)
		return;
	fprintf(report->out, "\r%*s\r", (int)state->live_columns, "");
	state->live_columns = 0;
}

static int begin(struct report *report)
{
	size_t count = report->plan->count;
	char order[64];

	report->state = calloc(1, sizeof(struct state));
	if (!report->state)
		return -ENOMEM;
	report_order(report->plan, order, sizeof(order));
	if (report->plan->limit)
		fprintf(report->out, "Running %zu image%s\n", report->plan->suites,
			report->plan->suites == 1 ? "" : "s");
	else
		fprintf(report->out, "Running %zu test%s in ring 0%s%s%s\n", count,
			count == 1 ? "" : "s", order[0] ? " (" : "", order, order[0] ? ")" : "");
	report_put_host(report, "", "\n");
	return 0;
}

/* Copy as much of a name as fits into some columns, anything but plain ASCII as "?". */
static void fit(const char *name, char *buffer, size_t columns)
{
	size_t i;

	for (i = 0; i < columns && name[i]; i++)
		buffer[i] = name[i] >= 0x20 && name[i] < 0x7f ? name[i] : '?';
	buffer[i] = '\0';
}

static void running(struct report *report, const struct plan_case *c, uint64_t elapsed_ns,
		    const struct tally *so_far)
{
	struct state *state = report->state;
	unsigned int columns = report->columns ? report->columns : 80;
	char line[256], name[160], elapsed[40];
	int length;

	if (!report->live)
		return;
	/* A line that wraps can't be erased by a carriage return. */
	if (columns > sizeof(name))
		columns = sizeof(name);
	if (columns < 50)
		return;
	fit(c->name, name, columns - 48);
	duration_text(elapsed_ns, elapsed, sizeof(elapsed));
	length = snprintf(line, sizeof(line), "    ... [%8s] %s (%u of %zu done)", elapsed, name,
			  so_far->total,
			  report->plan->limit ? report->plan->suites : report->plan->count);
	if (length < 0 || (unsigned int)length >= columns)
		return;
	erase_live(report);
	put_coloured(report, DIM, line);
	state->live_columns = (unsigned int)length;
}

/* A text below a test's line, under a heading. */
static void put_section(const struct report *report, const char *heading, const char *text,
			size_t size)
{
	struct state *state = report->state;

	if (!size)
		return;
	fputs(DETAIL, report->out);
	put_coloured(report, DIM, heading);
	putc('\n', report->out);
	state->lines_since_failure += 1 + text_put_lines(report->out, text, size, BODY);
}

static size_t count_lines(const char *text, size_t size)
{
	size_t lines = 0, length;

	for (; size; size -= length, text += length, lines++) {
		length = text_line_length(text, size);
		length += length < size;
	}
	return lines;
}

/* Where the part ends that begins a text and has so many lines and bytes at most. */
static size_t end_of_head(const char *text, size_t size)
{
	size_t end = 0, lines;

	for (lines = 0; lines < HEAD_LINES && end < size && end < HEAD_BYTES; lines++) {
		end += text_line_length(text + end, size - end);
		end += end < size;
	}
	if (end <= HEAD_BYTES)
		return end;
	/* Amid a line, but not amid a character. */
	for (end = HEAD_BYTES; (text[end] & 0xc0) == 0x80 && end > HEAD_BYTES - 4; end--)
		;
	return end;
}

static size_t start_of_tail(const char *text, size_t size)
{
	size_t start = size, lines = 0, next;
	const char *end;

	while (start && lines++ < TAIL_LINES) {
		end = memrchr(text, '\n', start - 1);
		next = end ? (size_t)(end - text) + 1 : 0;
		if (size - next > TAIL_BYTES)
			break;
		start = next;
	}
	return start;
}

/* What a test printed: not all of it, where people look, if it is very much. */
static void put_output(const struct report *report, const struct r0_result *r)
{
	struct state *state = report->state;
	size_t head = r->output_size ? end_of_head(r->output, r->output_size) : 0, tail;

	if (!r->output_size || report->whole || head == r->output_size ||
	    (tail = start_of_tail(r->output, r->output_size)) <= head) {
		put_section(report, "output:", r->output, r->output_size);
		return;
	}
	put_section(report, "output:", r->output, head);
	fprintf(report->out,
		BODY "[%zu more lines, %zu bytes: all of the output is in reports that go to a "
		     "file, as by --format tap=FILE]\n",
		count_lines(r->output + head, tail - head), tail - head);
	state->lines_since_failure +=
		1 + text_put_lines(report->out, r->output + tail, r->output_size - tail, BODY);
}

/* "file:line: message"; the message's further lines below it. */
static void put_message(const struct report *report, const struct plan_case *c,
			const struct outcome *outcome)
{
	const char *message = outcome->result.message ? outcome->result.message : "";
	const char *file;
	struct state *state = report->state;
	size_t length = strcspn(message, "\n");
	FILE *out = report->out;
	int line;

	file = report_place(outcome, c, &line);
	fputs(DETAIL, out);
	text_put(out, file, strlen(file), "");
	fprintf(out, ":%d%s", line, message[0] ? ": " : "");
	if (report->colour)
		fputs("\x1b[" BOLD "m", out);
	text_put(out, message, length, "");
	if (report->colour)
		fputs("\x1b[0m", out);
	putc('\n', out);
	state->lines_since_failure++;
	if (message[length])
		state->lines_since_failure += text_put_lines(
			out, message + length + 1, strlen(message + length + 1), DETAIL "  ");
}

/* For the list at the end; without memory for it, the list is shorter. */
static void remember_failure(struct state *state, const struct plan_case *c,
			     enum r0_verdict verdict)
{
	if (state->failure_count == state->failure_capacity) {
		size_t larger = state->failure_capacity ? state->failure_capacity * 2 : 16;
		struct failure *failures = reallocarray(state->failures, larger, sizeof(*failures));

		if (!failures)
			return;
		state->failures = failures;
		state->failure_capacity = larger;
	}
	state->failures[state->failure_count++] = (struct failure){ c, verdict };
}

static void remember_skip(struct state *state, const char *reason)
{
	if (!state->skip_reason)
		state->skip_reason = strdup(reason);
	else if (strcmp(state->skip_reason, reason))
		state->skip_reasons_differ = true;
}

/* Why, on the test's own line. */
static void put_reason(const struct report *report, const char *reason)
{
	if (!reason || !reason[0])
		return;
	fputs(": ", report->out);
	text_put(report->out, reason, strlen(reason), "");
}

static void put_values(const struct report *report, const struct plan_case *c,
		       const struct r0_result *r)
{
	struct state *state = report->state;
	size_t i;

	for (i = 0; i < r->value_count; i++) {
		fputs(DETAIL, report->out);
		value_put(report, c, &r->values[i]);
		putc('\n', report->out);
	}
	state->lines_since_failure += state->failure_count ? (unsigned int)r->value_count : 0;
}

static void result(struct report *report, const struct plan_case *c, const struct outcome *outcome)
{
	const struct r0_result *r = &outcome->result;
	const struct style *style = style_of(r->verdict);
	struct state *state = report->state;
	FILE *out = report->out;

	erase_live(report);
	fprintf(out, "%*s", (int)(8 - strlen(style->label)), "");
	put_coloured(report, style->colour, style->label);
	putc(' ', out);
	put_duration(report, outcome->duration_ns);
	putc(' ', out);
	text_put(out, c->name, strlen(c->name), "");
	if (r->verdict == R0_VERDICT_SKIP) {
		put_reason(report, r->message);
		remember_skip(state, r->message ? r->message : "");
	} else if (r->verdict == R0_VERDICT_XFAIL) {
		put_reason(report, c->test->options.xfail);
	}
	putc('\n', out);
	put_values(report, c, r);

	if (!is_bad(r->verdict)) {
		state->lines_since_failure += !!state->failure_count;
		if (report->verbose && r->verdict == R0_VERDICT_XFAIL)
			put_message(report, c, outcome);
		if (report->verbose)
			put_output(report, r);
		return;
	}
	if (!state->failure_count)
		state->lines_since_failure = 0;
	state->lines_since_failure++;
	remember_failure(state, c, r->verdict);
	put_message(report, c, outcome);
	put_output(report, r);
	put_section(report, "report:", r->report, r->report ? strlen(r->report) : 0);
}

/* The failures once more, where they have left the screen. */
static void put_failures(const struct report *report)
{
	const struct state *state = report->state;
	size_t i;

	if (!state->failure_count ||
	    state->lines_since_failure < (report->rows ? report->rows : ROWS))
		return;
	fputs("\nFailures:\n", report->out);
	for (i = 0; i < state->failure_count; i++) {
		const struct failure *failure = &state->failures[i];
		const struct style *style = style_of(failure->verdict);

		fprintf(report->out, "%*s", (int)(8 - strlen(style->label)), "");
		put_coloured(report, style->colour, style->label);
		putc(' ', report->out);
		text_put(report->out, failure->c->name, strlen(failure->c->name), "");
		putc('\n', report->out);
	}
}

/* "9 passed, 1 failed": what went well, what didn't, what didn't run. */
static void put_counts(const struct report *report, const struct tally *tally)
{
	static const enum r0_verdict order[] = {
		R0_VERDICT_PASS,    R0_VERDICT_XFAIL, R0_VERDICT_FAIL,	R0_VERDICT_CRASH,
		R0_VERDICT_TIMEOUT, R0_VERDICT_XPASS, R0_VERDICT_ERROR, R0_VERDICT_SKIP,
	};
	const char *separator = "";
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		unsigned int count = tally->by_verdict[order[i]];
		const struct style *style = style_of(order[i]);

		if (!count)
			continue;
		snprintf(text, sizeof(text), "%u %s", count, count == 1 ? style->one : style->many);
		fputs(separator, report->out);
		put_coloured(report, style->colour, text);
		separator = ", ";
	}
	if (tally->total < report->plan->count)
		fprintf(report->out, "%s%zu not run", separator,
			report->plan->count - tally->total);
}

static void end(struct report *report, const struct tally *tally, const char *broken)
{
	struct state *state = report->state;
	enum exit_status status = broken ? EXIT_STATUS_ERROR : tally_exit_status(tally);
	FILE *out = report->out;
	char duration[40];

	erase_live(report);
	put_failures(report);
	putc('\n', out);
	if (status == EXIT_STATUS_PASSED)
		put_coloured(report, GREEN, "PASSED");
	else if (status == EXIT_STATUS_SKIPPED)
		put_coloured(report, YELLOW, "SKIPPED");
	else if (status == EXIT_STATUS_FAILED)
		put_coloured(report, RED, "FAILED");
	else
		put_coloured(report, MAGENTA, "ERROR");
	duration_text(tally->duration_ns, duration, sizeof(duration));
	fprintf(out, "  %u test%s in %s: ", tally->total, tally->total == 1 ? "" : "s", duration);
	put_counts(report, tally);
	putc('\n', out);
	if (tally->completed)
		fprintf(out, "%" PRIu64 " instruction%s completed by the host in KVM's place\n",
			tally->completed, tally->completed == 1 ? "" : "s");
	if (tally->completed_names && report->verbose)
		fprintf(out, "(%s)\n", tally->completed_names);
	report_put_doubts(report, tally, "", "\n");
	if (broken) {
		fputs("The run had to stop: ", out);
		text_put(out, broken, strlen(broken), "");
		putc('\n', out);
	} else if (status == EXIT_STATUS_SKIPPED) {
		fputs("Every test was skipped", out);
		put_reason(report, state->skip_reason);
		fputs(state->skip_reasons_differ ? " (the first; the reasons differ)\n" : "\n",
		      out);
	}
	free(state->failures);
	free(state->skip_reason);
	free(state);
	report->state = NULL;
}

static void skipped(struct report *report, const char *reason)
{
	size_t count = report->plan->count;

	put_coloured(report, YELLOW, "SKIPPED");
	fprintf(report->out, "  %zu test%s: ", count, count == 1 ? "" : "s");
	text_put(report->out, reason, strlen(reason), "");
	putc('\n', report->out);
}

const struct report_ops report_pretty_ops = {
	.name = "pretty",
	.title = "for people",
	.begin = begin,
	.running = running,
	.result = result,
	.end = end,
	.skipped = skipped,
};

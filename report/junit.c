/* SPDX-License-Identifier: MIT */
/*
 * Results as JUnit's XML, in the elements that Jenkins and GitLab read: a <testsuite> for each
 * suite, in alphabetical order. It begins with sums, so that all of it is written at the end. As
 * "xunit", the same without a test case's file and line, which the schema of Jenkins' xUnit plugin
 * has no more; they are in the texts.
 * Depends on text.h for what is a character.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"
#include "report/draft.h"
#include "report/formats.h"
#include "report/values.h"
#include "verdict/verdict.h"

enum kind {
	KIND_PASSED, /* and what nobody knows of */
	KIND_FAILED,
	KIND_ERROR,
	KIND_SKIPPED,
	KIND_COUNT,
};

/* What is known of a case. */
struct entry {
	const struct plan_case *c;
	size_t from, to;	       /* its element in the text; nothing if it has none */
	size_t values_from, values_to; /* its values, as properties, likewise */
	uint64_t duration_ns;
	enum kind kind;
};

struct state {
	struct entry *entries; /* one a case of the plan */
	FILE *elements, *properties;
	char *text, *values;
	size_t size, values_size;
	struct draft draft;
};

struct sum {
	size_t count[KIND_COUNT];
	size_t total;
	uint64_t duration_ns;
};

/*
 * A character of XML 1.0 (2.2) as it is or as a reference (4.1), so that an attribute's value
 * keeps its newlines; anything that is none, or would not be seen, as an escape that people read.
 */
static void put_character(FILE *out, const char *text, size_t length, int32_t code)
{
	if (code == '<')
		fputs("&lt;", out);
	else if (code == '>')
		fputs("&gt;", out);
	else if (code == '&')
		fputs("&amp;", out);
	else if (code == '"')
		fputs("&quot;", out);
	else if (code == '\n' || code == '\t' || code == '\r')
		fprintf(out, "&#%d;", (int)code);
	else
		text_put(out, text, length, "");
}

static void put_bytes(FILE *out, const char *text, size_t size, bool in_attribute)
{
	size_t length;
	int32_t code;

	for (; size; text += length, size -= length) {
		length = text_decode(text, size, &code);
		if (!in_attribute && (code == '\n' || code == '\t'))
			putc(code, out);
		else
			put_character(out, text, length, code);
	}
}

static void put_text(FILE *out, const char *text, bool in_attribute)
{
	put_bytes(out, text, text ? strlen(text) : 0, in_attribute);
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	put_text(out, value, true);
	putc('"', out);
}

/* In seconds. */
static void put_time(FILE *out, uint64_t ns)
{
	fprintf(out, " time=\"%" PRIu64 ".%06u\"", ns / 1000000000,
		(unsigned int)(ns / 1000 % 1000000));
}

static void release(struct state *state)
{
	if (state->elements)
		fclose(state->elements);
	if (state->properties)
		fclose(state->properties);
	free(state->text);
	free(state->values);
	free(state->entries);
	free(state);
}

static int begin(struct report *report)
{
	struct state *state = calloc(1, sizeof(*state));

	report->state = state;
	if (!state)
		return -ENOMEM;
	state->entries = calloc(plan_limit(report->plan) + 1, sizeof(*state->entries));
	state->elements = open_memstream(&state->text, &state->size);
	state->properties = open_memstream(&state->values, &state->values_size);
	if (state->entries && state->elements && state->properties) {
		draft_begin(&state->draft, report->out);
		return 0;
	}
	release(state);
	report->state = NULL;
	return -ENOMEM;
}

static struct entry *open_case(const struct report *report, const struct plan_case *c,
			       enum kind kind, const char *file, int line, uint64_t duration_ns)
{
	struct state *state = report->state;
	struct entry *entry = &state->entries[report_index(report, c)];

	*entry = (struct entry){
		.c = c,
		.from = (size_t)ftello(state->elements),
		.kind = kind,
		.duration_ns = duration_ns,
	};
	fputs("    <testcase", state->elements);
	put_attribute(state->elements, "name", report_short_name(c));
	put_attribute(state->elements, "classname", c->test->suite);
	if (report->ops == &report_junit_ops) {
		put_attribute(state->elements, "file", file);
		fprintf(state->elements, " line=\"%d\"", line);
	}
	put_time(state->elements, duration_ns);
	if (c->test->options.groups && c->test->options.groups[0])
		put_attribute(state->elements, "group", c->test->options.groups);
	fputs(">\n", state->elements);
	return entry;
}

static void add_to_draft(const struct report *report, const struct entry *entry)
{
	struct state *state = report->state;
	char *document = NULL, *suite = NULL;
	size_t size;
	FILE *out = open_memstream(&document, &size);

	if (out) {
		fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
		put_attribute(out, "name", report->program ? report->program : "ring0");
		fputs(">\n", out);
		fclose(out);
	}
	out = open_memstream(&suite, &size);
	if (out) {
		fputs("  <testsuite", out);
		put_attribute(out, "name", entry->c->test->suite);
		fputs(">\n", out);
		fclose(out);
	}
	if (document && suite)
		draft_add(&state->draft, document, suite, state->text + entry->from,
			  entry->to - entry->from);
	free(document);
	free(suite);
}

static void close_case(const struct report *report, struct entry *entry)
{
	struct state *state = report->state;

	fputs("    </testcase>\n", state->elements);
	entry->to = (size_t)ftello(state->elements);
	if (state->draft.kept && !fflush(state->elements))
		add_to_draft(report, entry);
}

/* An element with the first line of a message, and all that is known as its text. */
static void put_verdict(FILE *out, const char *element, const struct plan_case *c,
			const struct outcome *outcome)
{
	const struct r0_result *r = &outcome->result;
	const char *message = r->message ? r->message : "";
	char *first = strndup(message, strcspn(message, "\n"));
	const char *file;
	int line;

	fprintf(out, "      <%s", element);
	put_attribute(out, "type", r0_verdict_name(r->verdict));
	put_attribute(out, "message", first);
	putc('>', out);
	free(first);
	file = report_place(outcome, c, &line);
	put_text(out, file, false);
	fprintf(out, ":%d: ", line);
	put_text(out, message, false);
	if (r->report && r->report[0]) {
		putc('\n', out);
		put_text(out, r->report, false);
	}
	fprintf(out, "</%s>\n", element);
}

static void put_skipped(FILE *out, const char *type, const char *message)
{
	fputs("      <skipped", out);
	put_attribute(out, "type", type);
	put_attribute(out, "message", message);
	fputs("/>\n", out);
}

static void put_output(FILE *out, const char *output, size_t size)
{
	if (!size)
		return;
	fputs("      <system-out>", out);
	put_bytes(out, output, size, false);
	fputs("</system-out>\n", out);
}

static enum kind kind_of(enum r0_verdict verdict)
{
	if (verdict_is_failure(verdict))
		return KIND_FAILED;
	if (verdict == R0_VERDICT_PASS)
		return KIND_PASSED;
	return verdict == R0_VERDICT_SKIP || verdict == R0_VERDICT_XFAIL ? KIND_SKIPPED :
									   KIND_ERROR;
}

/* "suite.name: time (cycles)". The schemas know no properties of a case, but those of a suite. */
static void put_values(struct state *state, const struct plan_case *c, const struct r0_result *r,
		       struct entry *entry)
{
	FILE *out = state->properties;
	size_t i;

	entry->values_from = (size_t)ftello(out);
	for (i = 0; i < r->value_count; i++) {
		const struct r0_value *value = &r->values[i];

		fputs("      <property name=\"", out);
		put_text(out, c->name, true);
		fputs(": ", out);
		put_text(out, value->name, true);
		fputs(" (", out);
		put_text(out, value->unit, true);
		fputs(")\" value=\"", out);
		value_put_number(out, value->number, value->decimals);
		fputs("\"/>\n", out);
	}
	entry->values_to = (size_t)ftello(out);
}

static void result(struct report *report, const struct plan_case *c, const struct outcome *outcome)
{
	const struct r0_result *r = &outcome->result;
	struct state *state = report->state;
	enum kind kind = kind_of(r->verdict);
	struct entry *entry;
	const char *file;
	int line;

	/* Where a pass or a skip happened is where the test is. */
	file = report_place(outcome, c, &line);
	entry = open_case(report, c, kind, file, line, outcome->duration_ns);
	put_values(state, c, r, entry);
	if (kind == KIND_FAILED)
		put_verdict(state->elements, "failure", c, outcome);
	else if (kind == KIND_ERROR)
		put_verdict(state->elements, "error", c, outcome);
	else if (kind == KIND_SKIPPED)
		put_skipped(state->elements, r0_verdict_name(r->verdict),
			    r->verdict == R0_VERDICT_XFAIL ? c->test->options.xfail : r->message);
	put_output(state->elements, r->output, r->output_size);
	close_case(report, entry);
}

static void not_run(struct report *report, const struct plan_case *c, const char *why, bool broken)
{
	struct state *state = report->state;
	struct entry *entry = open_case(report, c, KIND_SKIPPED,
					c->test->file ? c->test->file : "?", c->test->line, 0);
	char text[600];

	(void)broken;
	snprintf(text, sizeof(text), "not run: %s", why);
	put_skipped(state->elements, "not-run", text);
	close_case(report, entry);
}

static void sum_up(struct sum *sum, const struct entry *entries, size_t count)
{
	size_t i;

	*sum = (struct sum){ .total = count };
	for (i = 0; i < count; i++) {
		sum->count[entries[i].kind]++;
		sum->duration_ns += entries[i].duration_ns;
	}
}

static void put_sum(FILE *out, const struct sum *sum)
{
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", sum->total,
		sum->count[KIND_FAILED], sum->count[KIND_ERROR]);
}

static void put_property(FILE *out, const char *name, const char *value)
{
	fputs("      <property", out);
	put_attribute(out, "name", name);
	put_attribute(out, "value", value);
	fputs("/>\n", out);
}

static void put_host(FILE *out, const struct host *host)
{
	put_property(out, "ring0.host", host->kind);
	if (host->virtualization)
		put_property(out, "ring0.virtualization", host->virtualization);
	put_property(out, "ring0.cpu", host->cpu);
	put_property(out, "ring0.kernel", host->kernel);
}

static void put_properties(const struct report *report, const struct entry *entries, size_t count,
			   const struct tally *tally)
{
	const struct state *state = report->state;
	const struct plan *plan = report->plan;
	FILE *out = report->out;
	const char *warning = values_warning(report, tally);
	char value[32];
	size_t i;

	fputs("    <properties>\n", out);
	if (report->version)
		put_property(out, "ring0.version", report->version);
	if (report->program)
		put_property(out, "ring0.program", report->program);
	if (plan->shuffled) {
		snprintf(value, sizeof(value), "%" PRIu32, plan->seed);
		put_property(out, "ring0.shuffle", value);
	}
	if (plan->shards) {
		snprintf(value, sizeof(value), "%u/%u", plan->shard, plan->shards);
		put_property(out, "ring0.shard", value);
	}
	if (report->host)
		put_host(out, report->host);
	if (tally->doubts)
		put_property(out, "ring0.doubts", tally->doubts);
	if (warning)
		put_property(out, "ring0.measurements", warning);
	for (i = 0; i < count; i++)
		fwrite(state->values + entries[i].values_from, 1,
		       entries[i].values_to - entries[i].values_from, out);
	fputs("    </properties>\n", out);
}

static void put_suite(const struct report *report, const struct entry *entries, size_t count,
		      const struct tally *tally, const char *broken)
{
	struct state *state = report->state;
	FILE *out = report->out;
	struct sum sum;
	size_t i;

	sum_up(&sum, entries, count);
	fputs("  <testsuite", out);
	put_attribute(out, "name", entries[0].c->test->suite);
	put_sum(out, &sum);
	fprintf(out, " skipped=\"%zu\"", sum.count[KIND_SKIPPED]);
	put_time(out, sum.duration_ns);
	fputs(">\n", out);
	put_properties(report, entries, count, tally);
	for (i = 0; i < count; i++)
		fwrite(state->text + entries[i].from, 1, entries[i].to - entries[i].from, out);
	if (broken) {
		fputs("    <system-err>The run had to stop: ", out);
		put_text(out, broken, false);
		fputs("</system-err>\n", out);
	}
	fputs("  </testsuite>\n", out);
}

static int by_suite(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = strcmp(left->c->test->suite, right->c->test->suite);

	if (order)
		return order;
	return left->c < right->c ? -1 : left->c > right->c;
}

static void put_document(const struct report *report, size_t count, const struct tally *tally,
			 const char *broken)
{
	struct state *state = report->state;
	struct entry *entries = state->entries;
	FILE *out = report->out;
	size_t first, end;
	struct sum sum;

	sum_up(&sum, entries, count);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
	put_attribute(out, "name", report->program ? report->program : "ring0");
	put_sum(out, &sum);
	put_time(out, tally->duration_ns);
	fputs(">\n", out);
	for (first = 0; first < count; first = end) {
		for (end = first + 1; end < count && !strcmp(entries[end].c->test->suite,
							     entries[first].c->test->suite);
		     end++)
			;
		put_suite(report, &entries[first], end - first, tally,
			  end == count ? broken : NULL);
	}
	fputs("</testsuites>\n", out);
}

static void end(struct report *report, const struct tally *tally, const char *broken)
{
	struct state *state = report->state;
	size_t count = 0, i;

	/* After an error of writing, not all of the cases came. */
	for (i = 0; i < report->plan->count; i++)
		if (state->entries[i].c)
			state->entries[count++] = state->entries[i];
	qsort(state->entries, count, sizeof(*state->entries), by_suite);
	if (!fflush(state->elements) && !fflush(state->properties))
		put_document(report, count, tally, broken);
	draft_end(&state->draft, report->out);
	release(state);
	report->state = NULL;
}

static void skipped(struct report *report, const char *reason)
{
	const struct tally tally = { .total = 0 };
	const struct outcome outcome = {
		.result = { .verdict = R0_VERDICT_SKIP, .message = (char *)reason },
	};
	size_t i;

	if (begin(report))
		return;
	for (i = 0; i < report->plan->count; i++)
		result(report, &report->plan->cases[i], &outcome);
	end(report, &tally, NULL);
}

const struct report_ops report_junit_ops = {
	.name = "junit",
	.title = "JUnit's XML, for Jenkins, GitLab and others",
	.begin = begin,
	.result = result,
	.not_run = not_run,
	.end = end,
	.skipped = skipped,
};

const struct report_ops report_xunit_ops = {
	.name = "xunit",
	.title = "the same without file and line, for xUnit",
	.begin = begin,
	.result = result,
	.not_run = not_run,
	.end = end,
	.skipped = skipped,
};

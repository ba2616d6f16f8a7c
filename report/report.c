/* SPDX-License-Identifier: MIT */
/*
 * What all reports have in common: where a case is, lines on the run as a whole, and the sum of the
 * results.
 */
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"
#include "report/baseline.h"
#include "report/report.h"
#include "report/values.h"
#include "verdict/verdict.h"

size_t report_index(const struct report *report, const struct plan_case *c)
{
	return (size_t)(c - report->plan->cases);
}

const char *report_short_name(const struct plan_case *c)
{
	const char *suite = c->test->suite;
	size_t length = strlen(suite);

	return !strncmp(c->name, suite, length) && c->name[length] == '.' ? c->name + length + 1 :
									    c->name;
}

void report_order(const struct plan *plan, char *text, size_t size)
{
	int length = 0;

	text[0] = '\0';
	if (plan->shuffled)
		length = snprintf(text, size, "--shuffle=%u", plan->seed);
	if (plan->shards && length >= 0 && (size_t)length < size)
		snprintf(text + length, size - (size_t)length, "%sshard %u/%u", length ? ", " : "",
			 plan->shard, plan->shards);
}

static void put_line(FILE *out, const char *begin, const char *text, const char *end)
{
	fputs(begin, out);
	text_put(out, text, strlen(text), "");
	fputs(end, out);
}

void report_put_host(const struct report *report, const char *begin, const char *end)
{
	char text[256] = "on ";

	if (report->host) {
		host_text(report->host, text + strlen(text), sizeof(text) - strlen(text));
		put_line(report->out, begin, text, end);
	}
	if (!report->baseline)
		return;
	fputs(begin, report->out);
	fputs("compared with ", report->out);
	put_line(report->out, "", baseline_text(report->baseline), end);
}

void report_put_doubts(const struct report *report, const struct tally *tally, const char *begin,
		       const char *end)
{
	const char *warning = values_warning(report, tally);

	if (tally->doubts)
		put_line(report->out, begin, tally->doubts, end);
	if (warning)
		put_line(report->out, begin, warning, end);
}

const char *report_place(const struct outcome *outcome, const struct plan_case *c, int *line)
{
	if (outcome->result.file && outcome->result.file[0]) {
		*line = outcome->result.line;
		return outcome->result.file;
	}
	*line = c->test->line;
	return c->test->file ? c->test->file : "?";
}

void tally_add(struct tally *tally, enum r0_verdict verdict)
{
	if ((unsigned int)verdict > R0_VERDICT_ERROR)
		verdict = R0_VERDICT_ERROR;
	tally->by_verdict[verdict]++;
	tally->total++;
}

void tally_add_values(struct tally *tally, const struct r0_result *result)
{
	size_t i;

	for (i = 0; i < result->value_count; i++)
		tally->measured |= result->values[i].samples;
}

enum exit_status tally_exit_status(const struct tally *tally)
{
	unsigned int verdict;

	for (verdict = 0; verdict <= R0_VERDICT_ERROR; verdict++)
		if (tally->by_verdict[verdict] && verdict_is_failure(verdict))
			return EXIT_STATUS_FAILED;
	if (tally->by_verdict[R0_VERDICT_ERROR] || !tally->total)
		return EXIT_STATUS_ERROR;
	if (tally->by_verdict[R0_VERDICT_SKIP] == tally->total)
		return EXIT_STATUS_SKIPPED;
	return EXIT_STATUS_PASSED;
}

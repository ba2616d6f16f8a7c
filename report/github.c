/* SPDX-License-Identifier: MIT */
/*
 * Failures as annotations of a workflow of GitHub's: "::error file=…,line=…,title=…::message",
 * all at the end, below another report. Depends on text.h for what characters may be shown.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"
#include "report/formats.h"
#include "verdict/verdict.h"

struct state {
	FILE *lines;
	char *text;
	size_t size;
};

static int begin(struct report *report)
{
	struct state *state = calloc(1, sizeof(*state));

	report->state = state;
	if (!state)
		return -ENOMEM;
	state->lines = open_memstream(&state->text, &state->size);
	if (state->lines)
		return 0;
	free(state);
	report->state = NULL;
	return -ENOMEM;
}

/*
 * The runner turns %25, %0D and %0A back, in a property also %3A and %2C. Newlines are kept, what
 * else can't be shown is escaped visibly.
 */
static void put_data(FILE *out, const char *text, const char *special)
{
	for (; *text; text++) {
		size_t shown = strcspn(text, special);

		text_put(out, text, shown, "");
		text += shown;
		if (!*text)
			break;
		fprintf(out, "%%%02X", (unsigned char)*text);
	}
}

static void put_property(FILE *out, const char *text)
{
	put_data(out, text, "%\r\n:,");
}

/* A path from the top of what is checked out, as GitHub wants it, where that can be found. */
static void put_path(FILE *out, const char *file)
{
	const char *workspace = getenv("GITHUB_WORKSPACE");
	size_t length = workspace ? strlen(workspace) : 0;
	char *path = length ? realpath(file, NULL) : NULL;

	if (path && !strncmp(path, workspace, length) && path[length] == '/')
		put_property(out, path + length + 1);
	else
		put_property(out, file);
	free(path);
}

static void result(struct report *report, const struct plan_case *c, const struct outcome *outcome)
{
	const struct r0_result *r = &outcome->result;
	struct state *state = report->state;
	const char *file;
	int line;

	if (!verdict_is_failure(r->verdict) && r->verdict != R0_VERDICT_ERROR)
		return;
	file = report_place(outcome, c, &line);
	fputs("::error file=", state->lines);
	put_path(state->lines, file);
	fprintf(state->lines, ",line=%d,title=", line);
	put_property(state->lines, c->name);
	fprintf(state->lines, " (%s)::", r0_verdict_name(r->verdict));
	put_data(state->lines,
		 r->message && r->message[0] ? r->message : r0_verdict_name(r->verdict), "%\r\n");
	putc('\n', state->lines);
}

static void end(struct report *report, const struct tally *tally, const char *broken)
{
	struct state *state = report->state;

	if (!fclose(state->lines))
		fwrite(state->text, 1, state->size, report->out);
	free(state->text);
	free(state);
	report->state = NULL;
	if (tally->doubts) {
		fputs("::warning title=Not all of it holds for hardware::", report->out);
		put_data(report->out, tally->doubts, "%\r\n");
		putc('\n', report->out);
	}
	if (!broken)
		return;
	fputs("::error title=The run had to stop::", report->out);
	put_data(report->out, broken, "%\r\n");
	putc('\n', report->out);
}

static void skipped(struct report *report, const char *reason)
{
	fputs("::notice title=No test was run::", report->out);
	put_data(report->out, reason, "%\r\n");
	putc('\n', report->out);
}

const struct report_ops report_github_ops = {
	.name = "github",
	.title = "annotations",
	.begin = begin,
	.result = result,
	.end = end,
	.skipped = skipped,
};

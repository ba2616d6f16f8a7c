/* SPDX-License-Identifier: MIT */
/* What --list prints for people. Depends on text.h for what characters may be shown. */
#include "report/list.h"
#include <string.h>
#include "base/text.h"

static void put(FILE *out, const char *heading, const char *text)
{
	if (!text || !text[0])
		return;
	fputs(heading, out);
	text_put(out, text, strlen(text), "");
}

void report_list_text(FILE *out, const struct plan_case *c, bool verbose)
{
	const struct r0_test *test = c->test;

	put(out, "", c->name);
	if (verbose) {
		put(out, "  ", test->file ? test->file : "?");
		fprintf(out, ":%d", test->line);
		put(out, "  groups: ", test->options.groups);
		put(out, "  attributes: ", test->attributes);
	}
	putc('\n', out);
}

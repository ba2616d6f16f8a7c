/* SPDX-License-Identifier: MIT */
/* Results of watched tests, as TAP: see watch_report.h. */
#include "watch_report.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number, failed;

void report(const char *name, bool ok, const struct r0_result *result)
{
	printf("%s %d - watch.%s\n", ok ? "ok" : "not ok", ++number, name);
	if (!ok) {
		const char *line = result->output;

		printf("# %s: %s\n", r0_verdict_name(result->verdict), result->message);
		for (; *line; line += strcspn(line, "\n"), line += *line == '\n')
			printf("# %.*s\n", (int)strcspn(line, "\n"), line);
	}
	failed |= !ok;
}

void report_skip(const char *name, const char *why)
{
	printf("ok %d - watch.%s # SKIP %s\n", ++number, name, why);
}

bool is_made_to_fire(void)
{
	return getenv("WATCHED_VARIABLES_FIRE");
}

bool has(const struct r0_result *result, ...)
{
	const char *at = result->output, *wanted;
	va_list texts;

	va_start(texts, result);
	while (at && (wanted = va_arg(texts, const char *)))
		at = strstr(at, wanted);
	va_end(texts);
	return at;
}

bool passed(const struct r0_result *result)
{
	return result->verdict == R0_VERDICT_PASS;
}

bool is_stepped(const struct r0_result *result)
{
	return strstr(result->output, "by single steps");
}

int watch_report_failed(void)
{
	return failed;
}

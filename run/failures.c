/* SPDX-License-Identifier: MIT */
/* The failures of a run: assertions, expectations and panics, in ring 0 and in mocks. */
#include "run/failures.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "run/cpus.h"

/* The text, with the CPU that it comes from where there are several. Takes it; NULL is NULL. */
static char *name_cpu(const struct run *run, char *text)
{
	char *named = NULL;

	if (!run->cpus || !text)
		return text;
	if (asprintf(&named, "CPU %u: %s", run_cpu(run), text) < 0)
		named = NULL;
	free(text);
	return named;
}

bool failures_add(struct run *run, enum r0_failure_kind kind, char *file, int line, char *text)
{
	text = name_cpu(run, text);
	if (!text) {
		free(file);
		return false;
	}
	if (!run->failure_count)
		run->failing_cpu = run_cpu(run);
	run->failure_count++;
	if (file)
		buffer_print(&run->failures, "%s:%d: ", file, line);
	buffer_print(&run->failures, "%s\n", text);
	if (!run->file && file) {
		run->file = file;
		run->line = line;
		file = NULL;
	}
	free(file);
	if (kind == R0_FAILURE_EXPECT) {
		run->ending.failed_expectation = true;
		if (!run->first_expectation)
			run->first_expectation = text;
		else
			free(text);
		return true;
	}
	/* The test goes on to its teardown, but this is how it ended; a second one adds nothing. */
	if (run->text) {
		free(text);
		return true;
	}
	cpus_stop_others(run);
	run->text = text;
	run->explains = kind == R0_FAILURE_PANIC;
	run->crash.kind = CRASH_PLACE;
	run_note_registers(run);
	return true;
}

/* All failures, where there is more than the one that the message tells. */
char *failures_prepend(const struct run *run, const char *message, char *report)
{
	const char *only = run->text ? run->text : run->first_expectation;
	struct buffer both = { 0 };

	if (!run->failure_count || (run->failure_count == 1 && only && strstr(message, only)))
		return report;
	buffer_print(&both, "%s", run->failures.text);
	if (report && report[0])
		buffer_print(&both, "\n%s", report);
	free(report);
	return buffer_take(&both);
}

/* An expectation that failed before may be why the test then crashed or hung. */
void failures_append(const struct run *run, char *message, size_t size)
{
	const char *text = run->first_expectation;
	size_t end = strlen(message);

	if (text && run->file && !strstr(message, text))
		snprintf(message + end, size - end, "; before that, %.*s (%s:%d)",
			 (int)strcspn(text, "\n"), text, run->file, run->line);
}

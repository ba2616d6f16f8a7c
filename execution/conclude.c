/* SPDX-License-Identifier: MIT */
/* From how a run ended to what is told of it. */
#include "execution/conclude.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "execution/doubts.h"
#include "replace/replace.h"
#include "run/cpus.h"
#include "run/crash_view.h"
#include "run/failures.h"
#include "run/interrupts.h"

/* The test had failed already; what its teardown then did is told, but is not how it ended. */
static void blame_the_first(struct run *run)
{
	char then[512];

	verdict_of(NULL, &run->ending, then, sizeof(then));
	buffer_print(&run->failures, "and then, in its teardown: %s\n", then);
	run->failure_count++;
	run->explains = false;
	run->ending.how = END_FAILED;
	run->ending.message = run->text;
}

/* A failure that may be none of the test's. */
static char *append_doubts(const struct outcome *outcome, char *report)
{
	unsigned int doubts = outcome->doubts & DOUBTS_OF_FAILURES;
	struct buffer both = { 0 };
	char text[256];

	if (!doubts)
		return report;
	doubt_text(doubts, text, sizeof(text));
	buffer_print(&both,
		     "%sthis may be the KVM's doing, which emulates ring 0 and gets wrong: %s\n",
		     report ? report : "", text);
	free(report);
	return buffer_take(&both);
}

/* What a mock did that did not return, for free() both: in a line, and in detail. */
static char *describe_broken(struct run *run, char **detail)
{
	char message[1024], file[512];
	size_t size;
	FILE *out = open_memstream(detail, &size);
	int line;

	if (!out)
		return NULL;
	mock_call_describe(&run->broken, message, sizeof(message), file, &line, out);
	fclose(out);
	if (!run->file && file[0]) {
		run->file = strdup(file);
		run->line = line;
	}
	return strdup(message);
}

/* The last accesses to a mock that failed its test, for free(); or NULL. */
static char *failing_mock(const struct run *run)
{
	char range[80], *text = NULL;
	size_t size;
	FILE *out = run->failing_mock ? open_memstream(&text, &size) : NULL;

	if (!out)
		return NULL;
	mock_range_text(run->failing_mock, range, sizeof(range));
	fprintf(out, "the last accesses to its mock of %s:\n", range);
	mock_print_accesses(run->failing_mock, out);
	fclose(out);
	return text;
}

/* The other CPUs' local APICs, where they hold something: for free(), or NULL. */
static char *other_apics(const struct run *run)
{
	char *text = NULL;
	size_t size;
	FILE *out = run->cpus ? open_memstream(&text, &size) : NULL;

	if (!out)
		return NULL;
	interrupts_describe_others(run, out);
	fclose(out);
	if (size)
		return text;
	free(text);
	return NULL;
}

/* Both are for free(), or NULL. */
static char *join(char *first, char *second)
{
	char *both = NULL;

	if (first && second && asprintf(&both, "%s\n%s", first, second) < 0)
		both = NULL;
	if (!both)
		return first ? first : second;
	free(first);
	free(second);
	return both;
}

/*
 * What is in place of a function that has no room for a jump may have led, in ring 3, to a handler of the test's own:
 * whatever became of the test says nothing.
 */
static void doubt_traps(struct run *run)
{
	struct ending *ending = &run->ending;
	const char *name = replace_trapped(run->machine->template->replace,
					   &run->job->options->replace, SIZE_MAX);

	if (!name || !doubts_own_handlers(run))
		return;
	if (ending->how != END_RETURNED && ending->how != END_FAILED &&
	    ending->how != END_EXCEPTION && ending->how != END_HALT)
		return;
	error_set(
		&run->complaint, EINVAL,
		"%s() has no room for a jump, so that an exception takes its place in ring 3, which goes "
		"to the IDT that the test loaded: it can't be replaced there",
		name);
	ending->how = END_HOST_ERROR;
	ending->message = run->complaint.text;
	run->explains = false;
}

void conclude(struct run *run, struct outcome *outcome)
{
	const struct r0_options *options = run->job->options;
	struct ending *ending = &run->ending;
	struct r0_result *result = &outcome->result;
	char message[4096] = "", detail[2048];
	char *report = NULL, *mocks = NULL, *broken = NULL;

	result->values = run->given.values;
	result->value_count = run->given.value_count;
	run->given = (struct r0_result){ 0 };
	ending->expectation = run->first_expectation;
	doubt_traps(run);
	if (run->is_broken) {
		broken = describe_broken(run, &mocks);
		ending->message = broken;
	}
	if (run->text && ending->how != END_FAILED && ending->how != END_SKIPPED &&
	    ending->how != END_HOST_ERROR)
		blame_the_first(run);
	result->verdict = verdict_of(options, ending, message, sizeof(message));
	outcome->doubts = doubts_of(run, result->verdict != R0_VERDICT_PASS);
	if (result->verdict == R0_VERDICT_PASS || result->verdict == R0_VERDICT_SKIP)
		goto done;
	if (run->explains) {
		report = crash_view_explain(run, detail, sizeof(detail));
		run_stay_wanted(run);
		if (detail[0]) {
			ending->message = detail;
			result->verdict = verdict_of(options, ending, message, sizeof(message));
		}
	}
	report = join(mocks ? mocks : failing_mock(run), report);
	mocks = NULL;
	report = join(report, other_apics(run));
	result->report = append_doubts(outcome, failures_prepend(run, message, report));
	failures_append(run, message, sizeof(message));
	result->file = run->file;
	result->line = run->line;
	run->file = NULL;
done:
	if (message[0])
		result->message = cpus_message(run, message);
	free(mocks);
	free(broken);
}

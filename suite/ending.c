/* SPDX-License-Identifier: MIT */
/* Ends of images. Depends on results.h. */
#include "suite/ending.h"
#include <stdio.h>

/* What came of an end by itself. */
static enum r0_verdict verdict_of(const struct suite_ending *ending)
{
	switch (ending->how) {
	case SUITE_ENDING_POWER_OFF:
		return R0_VERDICT_PASS;
	case SUITE_ENDING_STATUS:
		if (ending->status == SUITE_STATUS_SKIPPED)
			return R0_VERDICT_SKIP;
		return ending->status ? R0_VERDICT_FAIL : R0_VERDICT_PASS;
	case SUITE_ENDING_SHUT_DOWN:
		return R0_VERDICT_CRASH;
	case SUITE_ENDING_TIME_LIMIT:
		return R0_VERDICT_TIMEOUT;
	case SUITE_ENDING_RESETS:
	case SUITE_ENDING_HALTED:
		return R0_VERDICT_FAIL;
	case SUITE_ENDING_NOT_HERE:
		return R0_VERDICT_SKIP;
	case SUITE_ENDING_GAVE_UP:
	case SUITE_ENDING_ERROR:
		break;
	}
	return R0_VERDICT_ERROR;
}

static bool is_good(enum r0_verdict verdict)
{
	return verdict == R0_VERDICT_PASS || verdict == R0_VERDICT_SKIP;
}

static size_t total(const struct suite_results *results)
{
	return results->count + results->lost;
}

static void say(char *message, size_t size, const struct suite_ending *ending)
{
	const char *text = ending->message && ending->message[0] ? ending->message : NULL;

	if (ending->how == SUITE_ENDING_STATUS && ending->status == SUITE_STATUS_ABORTED)
		snprintf(message, size, "the guest aborted (status %u)", ending->status);
	else if (ending->how == SUITE_ENDING_STATUS)
		snprintf(message, size, "the guest ended with status %u", ending->status);
	else
		snprintf(message, size, "%s", text ? text : "it ended in an unknown way");
}

static void add_counts(const struct suite_results *results, char *message, size_t size)
{
	char text[80];
	size_t length = 0;

	if (results->has_expected && total(results) < results->expected)
		snprintf(text, sizeof(text), "; %zu of %zu results came", total(results),
			 results->expected);
	else
		return;
	while (length < size && message[length])
		length++;
	snprintf(message + length, size - length, "%s", text);
}

/* One that has to crash: how it did so is no matter. */
static bool judge_crash(const struct suite_ending *ending, enum r0_verdict *verdict, char *message,
			size_t size)
{
	*verdict = verdict_of(ending);
	message[0] = '\0';
	if (*verdict == R0_VERDICT_CRASH) {
		*verdict = R0_VERDICT_PASS;
		return true;
	}
	if (is_good(*verdict) && *verdict != R0_VERDICT_SKIP) {
		*verdict = R0_VERDICT_FAIL;
		snprintf(message, size, "it has to crash, and came to its end");
		return true;
	}
	say(message, size, ending);
	return true;
}

/* Of an image that says when it is at its end. */
static bool is_cut_off(const struct suite_results *results)
{
	if (results->protocol == SUITE_PROTOCOL_SOTEST || results->protocol == SUITE_PROTOCOL_TAP)
		return !results->has_ended;
	return false;
}

/* Whether it did what it has to do before it ended, so that it may halt now. */
static bool is_complete(const struct suite_results *results)
{
	return results->has_ended &&
	       (!results->has_expected || total(results) >= results->expected);
}

/* What is wrong although it ended well, or NULL. */
static const char *find_contradiction(const struct suite_ending *ending,
				      const struct suite_results *results)
{
	if (is_cut_off(results))
		return "it ended before it said that it was at its end";
	/* In TAP results of subtests count for more than one. */
	if (results->protocol == SUITE_PROTOCOL_SOTEST && results->has_expected &&
	    (total(results) < results->expected ||
	     total(results) - results->benchmarks > results->expected))
		return "not as many results came as were announced";
	if (results->protocol == SUITE_PROTOCOL_KVM_UNIT_TESTS && !results->has_ended &&
	    ending->how == SUITE_ENDING_POWER_OFF)
		return "it powered off before its summary";
	return NULL;
}

static bool judge_good_end(const struct suite_ending *ending, const struct suite_results *results,
			   enum r0_verdict *verdict, char *message, size_t size)
{
	const char *contradiction = find_contradiction(ending, results);

	if (contradiction) {
		*verdict = R0_VERDICT_FAIL;
		snprintf(message, size, "%s", contradiction);
		add_counts(results, message, size);
		return true;
	}
	if (results->lost) {
		*verdict = results->has_lost_failure ? R0_VERDICT_FAIL : R0_VERDICT_ERROR;
		snprintf(message, size, "%zu more results were too many to be kept%s",
			 results->lost,
			 results->has_lost_failure ? ", and one of them failed" : "");
		return true;
	}
	if (total(results))
		return false;
	*verdict = results->is_skipped ? R0_VERDICT_SKIP : verdict_of(ending);
	if (*verdict == R0_VERDICT_PASS)
		return true;
	if (results->is_skipped && results->reason[0])
		snprintf(message, size, "%s", results->reason);
	else if (*verdict == R0_VERDICT_SKIP && ending->how != SUITE_ENDING_NOT_HERE)
		snprintf(message, size, "the guest says that it is skipped");
	else
		say(message, size, ending);
	return true;
}

bool suite_ending_judge(const struct suite_ending *ending, const struct suite_results *results,
			enum r0_verdict *verdict, char *message, size_t size)
{
	bool halts_well = ending->how == SUITE_ENDING_HALTED && is_complete(results);

	if (ending->is_to_shut_down)
		return judge_crash(ending, verdict, message, size);
	message[0] = '\0';
	*verdict = verdict_of(ending);
	if (results->has_aborted) {
		if (is_good(*verdict) || *verdict == R0_VERDICT_FAIL)
			*verdict = R0_VERDICT_FAIL;
		if (results->reason[0])
			snprintf(message, size, "the guest gave up: %s", results->reason);
		else
			say(message, size, ending);
		add_counts(results, message, size);
		return true;
	}
	if (is_good(*verdict) || halts_well)
		return judge_good_end(ending, results, verdict, message, size);
	/* A status that says no more than the results did. */
	if (ending->how == SUITE_ENDING_STATUS && ending->status != SUITE_STATUS_ABORTED &&
	    !is_cut_off(results) && !results->lost && suite_results_have_failure(results))
		return false;
	say(message, size, ending);
	add_counts(results, message, size);
	return true;
}

/* SPDX-License-Identifier: MIT */
/* .replace of r0_call(). Prints TAP. */
#include <ring0.h>
#include <stdio.h>
#include <string.h>
#include "code.h"

/* More than a test may replace. */
#define MANY 17

static int fake_plain(int a, int b)
{
	return R0_ORIGINAL(plain)(a, b) + 1000;
}

static void call(void *result)
{
	*(int *)result = calls_plain(5);
	r0_publish(result, sizeof(int));
}

static int report(int number, bool passed, const char *name, struct r0_result *result)
{
	printf("%sok %d - %s\n", passed ? "" : "not ", number, name);
	if (!passed)
		printf("# %s: %s\n%s\n", r0_verdict_name(result->verdict), result->message,
		       result->report);
	r0_result_finish(result);
	return !passed;
}

int main(void)
{
	const struct r0_options replaced = { .replace = R0_REPLACE((plain, fake_plain)) };
	const struct r0_options twice = { .replace = R0_REPLACE((plain, fake_plain),
								(plain, fake_plain)) };
	static struct r0_replacement entries[MANY];
	int value = 0, failed = 0;
	struct r0_result result = r0_call(call, &value, &replaced);

	if (result.verdict == R0_VERDICT_SKIP)
		return 77;
	failed |= report(1, result.verdict == R0_VERDICT_PASS && value == 2012,
			 "replaced in a call", &result);
	result = r0_call(call, &value, NULL);
	failed |= report(2, result.verdict == R0_VERDICT_PASS && value == 12, "not in the next",
			 &result);
	printf("%sok 3 - nor in the program\n", calls_plain(5) == 12 ? "" : "not ");
	result = r0_call(call, &value, &twice);
	failed |= report(4, result.verdict == R0_VERDICT_ERROR, "twice is refused", &result);
	for (size_t i = 0; i < MANY; i++)
		entries[i] = replaced.replace.entries[0];
	result = r0_call(call, &value,
			 &(struct r0_options){ .replace = { .entries = entries, .count = MANY } });
	failed |=
		report(5,
		       result.verdict == R0_VERDICT_ERROR &&
			       strstr(result.message, ".replace has 17 functions, and may have 16"),
		       "too many are refused", &result);
	printf("1..5\n");
	return failed || calls_plain(5) != 12;
}

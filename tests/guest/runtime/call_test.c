/* SPDX-License-Identifier: MIT */
/* What r0_call() hands back of a failure and of output. Prints TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>

static int number, failed;

/* Says how the last check went, and what it was about if badly; releases the result. */
static void report(const char *name, bool ok, struct r0_result *result)
{
	printf("%sok %d - call.%s\n", ok ? "" : "not ", ++number, name);
	if (!ok)
		printf("# %s: %s\n%s\n%s\n%s:%d\n", r0_verdict_name(result->verdict),
		       result->message, result->report, result->output, result->file, result->line);
	failed |= !ok;
	r0_result_finish(result);
}

static const int failing_line = __LINE__ + 5;

static void fail(void *arg)
{
	(void)arg;
	R0_ASSERT_EQ(1 + 1, 3);
}

static void a_failure_has_its_place(void)
{
	struct r0_result result = r0_call(fail, NULL, NULL);
	char place[512];

	snprintf(place, sizeof(place), "%s:%d: R0_ASSERT_EQ(1 + 1, 3) failed", __FILE__,
		 failing_line);
	report("a_failure_has_its_place",
	       result.verdict == R0_VERDICT_FAIL && result.line == failing_line &&
		       strcmp(result.file, __FILE__) == 0 && strstr(result.report, place),
	       &result);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void a_pass_has_none(void)
{
	struct r0_result result = r0_call(nothing, NULL, NULL);

	report("a_pass_has_none",
	       result.verdict == R0_VERDICT_PASS && !result.line && !result.file[0] &&
		       !result.report[0] && !result.output_size && !result.output[0],
	       &result);
}

static void print_nul_bytes(void *arg)
{
	(void)arg;
	r0_printf("x%cy\n", 0);
	r0_printf("after\n");
}

static void output_goes_on_after_a_nul_byte(void)
{
	struct r0_result result = r0_call(print_nul_bytes, NULL, NULL);

	report("output_goes_on_after_a_nul_byte",
	       result.output_size == 10 && memcmp(result.output, "x\0y\nafter\n", 11) == 0,
	       &result);
}

static void fail_with_a_nul_byte(void *arg)
{
	(void)arg;
	R0_FAIL("x%cy", 0);
}

static void so_does_a_message(void)
{
	struct r0_result result = r0_call(fail_with_a_nul_byte, NULL, NULL);

	report("so_does_a_message", strcmp(result.message, "x\\x00y") == 0, &result);
}

static void expect_and_crash(void *arg)
{
	(void)arg;
	R0_EXPECT_EQ(1 + 1, 3);
	r0_ud2();
}

static void an_expectation_is_told_with_a_crash(void)
{
	struct r0_result result = r0_call(expect_and_crash, NULL, NULL);

	report("an_expectation_is_told_with_a_crash",
	       result.verdict == R0_VERDICT_CRASH && strstr(result.message, "#UD") &&
		       strstr(result.message, "; before that, R0_EXPECT_EQ(1 + 1, 3) failed") &&
		       strstr(result.report, ": R0_EXPECT_EQ(1 + 1, 3) failed: 1 + 1 is 2") &&
		       strstr(result.report, "backtrace"),
	       &result);
}

static void expect_and_hang(void *arg)
{
	(void)arg;
	R0_EXPECT_EQ(1 + 1, 3);
	for (;;)
		r0_pause();
}

static void and_with_a_time_limit(void)
{
	struct r0_result result =
		r0_call(expect_and_hang, NULL, &(struct r0_options){ .timeout_ms = 50 });

	report("and_with_a_time_limit",
	       result.verdict == R0_VERDICT_TIMEOUT && strstr(result.message, "still running") &&
		       strstr(result.message, "; before that, R0_EXPECT_EQ(1 + 1, 3) failed"),
	       &result);
}

/* The command line and r0_call() read it by one reader. */
static void the_timeout_factor_is_read_strictly(void)
{
	struct r0_result result;

	setenv("R0_TIMEOUT_FACTOR", "0x10", 1);
	result = r0_call(nothing, NULL, NULL);
	report("the_timeout_factor_is_read_strictly",
	       result.verdict == R0_VERDICT_ERROR &&
		       strstr(result.message, "R0_TIMEOUT_FACTOR=0x10: give a number"),
	       &result);
	unsetenv("R0_TIMEOUT_FACTOR");
}

int main(void)
{
	struct r0_result result = r0_call(nothing, NULL, NULL);

	if (result.verdict == R0_VERDICT_SKIP) {
		printf("1..0 # SKIP %s\n", result.message);
		return 0;
	}
	r0_result_finish(&result);
	a_failure_has_its_place();
	a_pass_has_none();
	output_goes_on_after_a_nul_byte();
	so_does_a_message();
	an_expectation_is_told_with_a_crash();
	and_with_a_time_limit();
	the_timeout_factor_is_read_strictly();
	printf("1..%d\n", number);
	return failed;
}

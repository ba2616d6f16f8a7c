/* SPDX-License-Identifier: MIT */
/* Unit tests of verdict/verdict.c: every way to end against everything a test may demand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <ring0/fault.h>
#include "verdict/verdict.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct ending endings[] = {
	{ .how = END_RETURNED },
	{ .how = END_SKIPPED, .message = "no AVX" },
	{ .how = END_FAILED, .message = "boom at 3" },
	{ .how = END_REFUSED, .message = "system call 41 (socket)" },
	{ .how = END_EXCEPTION, .vector = R0_PF, .message = "#PF at 0x10" },
	{ .how = END_EXCEPTION, .vector = R0_GP, .message = "#GP at 0x10" },
	{ .how = END_TRIPLE_FAULT, .message = "triple fault at 0x10" },
	{ .how = END_HALT },
	{ .how = END_HALT_FOREVER },
	{ .how = END_TIMEOUT, .message = "ran for longer than 100 ms" },
	{ .how = END_HOST_ERROR, .message = "KVM_RUN: I/O error" },
	{ .how = END_EXIT, .status = 0 },
	{ .how = END_EXIT, .status = 3 },
};

/* The demands that don't contradict themselves come first. */
#define SANE_DEMANDS 11

/*
 * A row per demand, a column per ending, in the order above: P pass, F fail, S skip, T timeout,
 * C crash, E error.
 */
static const struct demand {
	struct r0_options options;
	const char *verdicts;
} demands[] = {
	{ { .groups = NULL }, "PSFFCCCFFTEPF" },
	{ { .should_halt = true }, "FSFFCCCPFTEFF" },
	{ { .should_panic = true }, "FSPFCCCFFTEFF" },
	{ { .should_panic = true, .panic_message = "boom" }, "FSPFCCCFFTEFF" },
	{ { .should_panic = true, .panic_message = "bang" }, "FSFFCCCFFTEFF" },
	{ { .panic_message = "boom" }, "FSPFCCCFFTEFF" },
	{ { .panic_message = "bang" }, "FSFFCCCFFTEFF" },
	{ { .expect_exception = R0_EXCEPTION(R0_PF) }, "FSFFPCCFFTEFF" },
	{ { .expect_exception = R0_EXCEPTION(R0_GP) }, "FSFFCPCFFTEFF" },
	{ { .expect_exception = R0_EXCEPTION(R0_DF) }, "FSFFCCCFFTEFF" },
	{ { .expect_exception = R0_EXCEPTION(R0_DE) }, "FSFFCCCFFTEFF" },
	/* No test can end in two ways. */
	{ { .should_panic = true, .should_halt = true }, "FSFFFFCFFTEFF" },
	{ { .should_panic = true, .expect_exception = R0_EXCEPTION(R0_PF) }, "FSFFFFCFFTEFF" },
	{ { .should_halt = true, .expect_exception = R0_EXCEPTION(R0_PF) }, "FSFFFFCFFTEFF" },
};

static enum r0_verdict verdict_by(char letter)
{
	switch (letter) {
	case 'P':
		return R0_VERDICT_PASS;
	case 'F':
		return R0_VERDICT_FAIL;
	case 'S':
		return R0_VERDICT_SKIP;
	case 'T':
		return R0_VERDICT_TIMEOUT;
	case 'C':
		return R0_VERDICT_CRASH;
	default:
		assert_int_equal(letter, 'E');
		return R0_VERDICT_ERROR;
	}
}

static enum r0_verdict with_xfail(enum r0_verdict verdict)
{
	switch (verdict) {
	case R0_VERDICT_PASS:
		return R0_VERDICT_XPASS;
	case R0_VERDICT_SKIP:
	case R0_VERDICT_ERROR:
		return verdict;
	default:
		return R0_VERDICT_XFAIL;
	}
}

/* One combination, with and without a failed expectation, with and without .xfail. */
static void check(const struct demand *demand, const struct ending *ending, char letter)
{
	unsigned int variant;

	for (variant = 0; variant < 4; variant++) {
		struct r0_options options = demand->options;
		struct ending e = *ending;
		enum r0_verdict expected = verdict_by(letter), verdict;
		char message[256];

		if (variant & 1) {
			e.failed_expectation = true;
			e.expectation = "1 == 2";
			if (letter == 'P' || letter == 'S')
				expected = R0_VERDICT_FAIL;
		}
		if (variant & 2) {
			options.xfail = "broken";
			expected = with_xfail(expected);
		}
		verdict = verdict_of(&options, &e, message, sizeof(message));
		if (verdict != expected)
			fail_msg("demand %zu, ending %zu, variant %u: %s, not %s (%s)",
				 (size_t)(demand - demands), (size_t)(ending - endings), variant,
				 r0_verdict_name(verdict), r0_verdict_name(expected), message);
		/* A pass has nothing to say, all else has. */
		assert_int_equal(message[0] == '\0', verdict == R0_VERDICT_PASS);
		if ((variant & 1) && strchr("PSF", letter) && demand - demands < SANE_DEMANDS)
			assert_string_equal(message, "1 == 2");
	}
}

static void every_combination(void **state)
{
	size_t row, column;

	(void)state;
	for (row = 0; row < LENGTH(demands); row++) {
		assert_int_equal(strlen(demands[row].verdicts), LENGTH(endings));
		for (column = 0; column < LENGTH(endings); column++)
			check(&demands[row], &endings[column], demands[row].verdicts[column]);
	}
}

static void no_options_demand_a_return(void **state)
{
	size_t column;

	(void)state;
	for (column = 0; column < LENGTH(endings); column++) {
		char message[256];

		assert_int_equal(verdict_of(NULL, &endings[column], message, sizeof(message)),
				 verdict_by(demands[0].verdicts[column]));
	}
}

static void messages(void **state)
{
	static const struct {
		struct r0_options options;
		struct ending ending;
		const char *message;
	} rows[] = {
		{ { .cpus = 1 }, { .how = END_FAILED, .message = "a == b" }, "a == b" },
		{ { .cpus = 1 }, { .how = END_FAILED }, "it panicked" },
		{ { .cpus = 1 }, { .how = END_FAILED, .message = "" }, "it panicked" },
		{ { .cpus = 1 }, { .how = END_SKIPPED, .message = "no AVX" }, "no AVX" },
		{ { .cpus = 1 }, { .how = END_SKIPPED }, "the test skipped itself" },
		{ { .cpus = 1 },
		  { .how = END_HALT },
		  "it executed HLT with interrupts off; a test that is to end so says "
		  ".should_halt" },
		{ { .cpus = 1 },
		  { .how = END_HALT_FOREVER },
		  "it executed HLT with interrupts on, and waits for an interrupt for ever" },
		{ { .should_halt = true },
		  { .how = END_HALT_FOREVER },
		  "should have halted with interrupts off, but: it executed HLT with interrupts "
		  "on, and waits for an interrupt for ever" },
		{ { .should_halt = true },
		  { .how = END_RETURNED },
		  "should have halted with interrupts off, but: it returned" },
		{ { .should_panic = true },
		  { .how = END_RETURNED },
		  "should have panicked, but: it returned" },
		{ { .should_panic = true },
		  { .how = END_TRIPLE_FAULT },
		  "should have panicked, but: triple fault" },
		{ { .should_panic = true },
		  { .how = END_TIMEOUT },
		  "should have panicked, but: the test ran for longer than its time limit" },
		{ { .should_panic = true, .panic_message = "bang" },
		  { .how = END_FAILED, .message = "boom" },
		  "should have panicked with \"bang\", but panicked with: boom" },
		{ { .panic_message = "bang" },
		  { .how = END_FAILED },
		  "should have panicked with \"bang\", but panicked with: " },
		{ { .expect_exception = R0_EXCEPTION(R0_PF) },
		  { .how = END_EXCEPTION, .vector = R0_GP },
		  "should have ended in #PF, but: unhandled exception #GP" },
		{ { .expect_exception = R0_EXCEPTION(33) },
		  { .how = END_EXIT, .status = 0 },
		  "should have ended in vector 33, but: it called exit(0)" },
		{ { .cpus = 1 }, { .how = END_EXIT, .status = 9 }, "it called exit(9)" },
		{ { .cpus = 1 }, { .how = END_HOST_ERROR }, "the host could not run the test" },
		{ { .cpus = 1 },
		  { .how = END_RETURNED, .failed_expectation = true },
		  "an expectation failed" },
		{ { .xfail = "erratum 7" },
		  { .how = END_RETURNED },
		  "passed, where a failure was expected: erratum 7; if that is mended, take "
		  ".xfail away" },
		{ { .xfail = "" },
		  { .how = END_RETURNED },
		  "passed, where a failure was expected; if that is mended, take .xfail away" },
		{ { .xfail = "erratum 7" }, { .how = END_FAILED, .message = "a == b" }, "a == b" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		char message[256];

		verdict_of(&rows[i].options, &rows[i].ending, message, sizeof(message));
		assert_string_equal(message, rows[i].message);
	}
}

static void a_short_buffer_is_kept_to(void **state)
{
	const struct ending ending = { .how = END_FAILED, .message = "a long message" };
	char message[6] = { 'z', 'z', 'z', 'z', 'z', 'z' };

	(void)state;
	assert_int_equal(verdict_of(NULL, &ending, message, 5), R0_VERDICT_FAIL);
	assert_string_equal(message, "a lo");
	assert_int_equal(message[5], 'z');
	assert_int_equal(verdict_of(NULL, &ending, NULL, 0), R0_VERDICT_FAIL);
}

static void names(void **state)
{
	static const char *const expected[] = {
		"pass", "fail", "skip", "xfail", "xpass", "timeout", "crash", "error", "unknown",
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(expected); i++)
		assert_string_equal(r0_verdict_name((enum r0_verdict)i), expected[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination),
		cmocka_unit_test(no_options_demand_a_return),
		cmocka_unit_test(messages),
		cmocka_unit_test(a_short_buffer_is_kept_to),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}

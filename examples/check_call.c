/* SPDX-License-Identifier: MIT */
/*
 * A Check program of which one test needs ring 0: r0_call() runs a function there and gives the
 * outcome back. Check forks a process for each test, which is all right.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <check.h>
#include <ring0.h>
#include <ring0/check.h>

static void load_absent_segment(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %0, %%gs" ::"r"(0x7ff8));
}

static void ask_for_the_vendor(void *arg)
{
	uint32_t *vendor = arg, a = 0;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(vendor[0]), "=c"(vendor[2]), "=d"(vendor[1]));
	r0_publish(vendor, 12);
}

/* The result, or the end of this test where there is no KVM: Check has no word for a skip. */
static struct r0_result call(void (*fn)(void *), void *arg, const struct r0_options *options)
{
	struct r0_result result = r0_call(fn, arg, options);

	if (result.verdict == R0_VERDICT_SKIP) {
		fprintf(stderr, "%s\n", result.message);
		exit(EXIT_SUCCESS);
	}
	return result;
}

START_TEST(cpuid_says_what_the_test_wants)
{
	char vendor[13] = "";

	R0_CHECK_CALL(ask_for_the_vendor, vendor,
		      .cpuid = R0_CPUID({ 0, 0, 1, 0x6564614d, 0x73747365, 0x54726f46 }));
	ck_assert_str_eq(vendor, "MadeForTests");
}
END_TEST

START_TEST(a_crash_is_a_verdict)
{
	struct r0_result result = call(load_absent_segment, NULL, NULL);

	ck_assert_int_eq(result.verdict, R0_VERDICT_CRASH);
	ck_assert_ptr_nonnull(strstr(result.message, "#GP"));
	r0_result_finish(&result);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check_call");
	TCase *tests = tcase_create("ring 0");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, cpuid_says_what_the_test_wants);
	tcase_add_test(tests, a_crash_is_a_verdict);
	suite_add_tcase(suite, tests);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

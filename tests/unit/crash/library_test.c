/* SPDX-License-Identifier: MIT */
/* Unit tests of how libraries end programs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "crash/library.h"

static char text[512];

static void expect(const char *function, const char *output, const char *expected)
{
	assert_true(library_describe_end(function, output, text, sizeof(text)));
	assert_string_equal(text, expected);
}

static void expect_none(const char *function, const char *output)
{
	assert_false(library_describe_end(function, output, text, sizeof(text)));
	assert_string_equal(text, "");
}

static void by_function(void **state)
{
	(void)state;
	expect("abort", NULL, "it called abort()");
	expect("abort", "some output\n", "it called abort()");
	expect("__stack_chk_fail", "", "a smashed stack: a function wrote beyond its variables");
	expect("__ubsan_handle_shift_out_of_bounds", "",
	       "UndefinedBehaviorSanitizer found a mistake: shift out of bounds");
	/* They may want memory from the operating system. */
	expect_none("__interceptor_malloc", "");
	expect_none("__asan_report_store4", "hello\n");
	expect_none("", "free(): invalid pointer\n");
	expect_none("read_status", "");
	assert_true(library_is_end("abort"));
	assert_true(library_is_end("__assert_fail"));
	assert_false(library_is_end("aborted"));
	expect_none("free", "hello\n");
}

static void by_what_it_printed(void **state)
{
	(void)state;
	expect("abort", "a\nfree(): double free detected in tcache 2\n",
	       "libc found that the heap is damaged: free(): double free detected in tcache 2");
	expect(NULL, "p: a.c:5: f: Assertion `x' failed.\n",
	       "an assertion of assert() failed: p: a.c:5: f: Assertion `x' failed.");
	expect("__assert_fail", "p: a.c:5: f: Assertion `x' failed.",
	       "an assertion of assert() failed: p: a.c:5: f: Assertion `x' failed.");
	expect("__stack_chk_fail", "*** stack smashing detected ***: terminated\n",
	       "a smashed stack: a function wrote beyond its variables: *** stack smashing detected ***: "
	       "terminated");
	/* The last one. */
	expect(NULL, "malloc(): a\nfree(): b\nc\n",
	       "libc found that the heap is damaged: free(): b");
	expect("free", "free(): b\n", "libc found that the heap is damaged: free(): b");
	expect("__interceptor_free.part.0",
	       "==1==ERROR: AddressSanitizer: attempting double-free on 0x604000000010 in thread T0:\n",
	       "AddressSanitizer: attempting double-free on 0x604000000010 in thread T0");
	expect("free",
	       "==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x6 at pc 0x5\nREAD",
	       "AddressSanitizer: heap-buffer-overflow on address 0x6 at pc 0x5");
	expect("__msan_warning_noreturn",
	       "==1==WARNING: MemorySanitizer: use-of-uninitialized-value\n",
	       "MemorySanitizer: use-of-uninitialized-value");
	/* Another matter. */
	expect("__stack_chk_fail", "free(): b\n",
	       "a smashed stack: a function wrote beyond its variables");
	expect_none(NULL, "hello\n");
	expect_none(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_function),
		cmocka_unit_test(by_what_it_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

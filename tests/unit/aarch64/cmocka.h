/* SPDX-License-Identifier: MIT */
/*
 * As much of cmocka's interface as unit tests need that are also built for arm64, for which there
 * is no cmocka beside a cross compiler. Prints TAP.
 */
#ifndef TESTS_UNIT_AARCH64_CMOCKA_H
#define TESTS_UNIT_AARCH64_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*function)(void **state);
	int (*setup)(void **state);
	int (*teardown)(void **state);
	void *initial_state;
};

#define cmocka_unit_test(f)		 cmocka_unit_test_setup_teardown(f, NULL, NULL)
#define cmocka_unit_test_setup(f, first) cmocka_unit_test_setup_teardown(f, first, NULL)
#define cmocka_unit_test_setup_teardown(f, first, last)                           \
	(struct CMUnitTest)                                                       \
	{                                                                         \
		.name = #f, .function = (f), .setup = (first), .teardown = (last) \
	}

/* How a test ends. */
enum { TAP_PASSED, TAP_FAILED, TAP_SKIPPED };

/* Weak: one for all files of a program. */
__attribute__((weak)) sigjmp_buf tap_end;

/* What it said last: if it is skipped, the reason. */
__attribute__((weak)) char tap_message[200];

/* Why it failed. As long as a report that an assertion shows. */
__attribute__((weak)) char tap_failure[8192];

static inline _Noreturn __attribute__((format(printf, 3, 4))) void
tap_fail(const char *file, int line, const char *format, ...)
{
	int length = snprintf(tap_failure, sizeof(tap_failure), "%s:%d: ", file, line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(tap_failure + length, sizeof(tap_failure) - (size_t)length, format, arguments);
	va_end(arguments);
	siglongjmp(tap_end, TAP_FAILED);
}

static inline __attribute__((format(printf, 1, 2))) void print_message(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(tap_message, sizeof(tap_message), format, arguments);
	va_end(arguments);
	printf("# %s", tap_message);
}

static inline void tap_check(const char *file, int line, int holds, const char *text)
{
	if (!holds)
		tap_fail(file, line, "%s", text);
}

static inline void tap_same(const char *file, int line, uint64_t a, uint64_t b, int same,
			    const char *text)
{
	if ((a == b) != same)
		tap_fail(file, line, "%s: 0x%llx and 0x%llx", text, (unsigned long long)a,
			 (unsigned long long)b);
}

static inline void tap_same_text(const char *file, int line, const char *a, const char *b)
{
	if (strcmp(a, b) != 0)
		tap_fail(file, line, "\"%s\" is not \"%s\"", a, b);
}

static inline void tap_in_range(const char *file, int line, uint64_t a, uint64_t from, uint64_t to,
				const char *text)
{
	if (a < from || a > to)
		tap_fail(file, line, "%s: %llu is not in [%llu, %llu]", text, (unsigned long long)a,
			 (unsigned long long)from, (unsigned long long)to);
}

#define assert_true(c)	       tap_check(__FILE__, __LINE__, !!(c), #c)
#define assert_false(c)	       tap_check(__FILE__, __LINE__, !(c), "not: " #c)
#define assert_null(p)	       tap_check(__FILE__, __LINE__, (p) == NULL, #p " is not NULL")
#define assert_non_null(p)     tap_check(__FILE__, __LINE__, (p) != NULL, #p " is NULL")
#define assert_ptr_equal(a, b) tap_check(__FILE__, __LINE__, (a) == (b), #a " is not " #b)
#define assert_int_equal(a, b) \
	tap_same(__FILE__, __LINE__, (uint64_t)(a), (uint64_t)(b), 1, #a " == " #b)
#define assert_int_not_equal(a, b) \
	tap_same(__FILE__, __LINE__, (uint64_t)(a), (uint64_t)(b), 0, #a " != " #b)
#define assert_string_equal(a, b) tap_same_text(__FILE__, __LINE__, a, b)
#define assert_memory_equal(a, b, size) \
	tap_check(__FILE__, __LINE__, memcmp(a, b, size) == 0, #a " holds what " #b " does")
#define assert_uint_in_range(a, from, to) \
	tap_in_range(__FILE__, __LINE__, (uint64_t)(a), (uint64_t)(from), (uint64_t)(to), #a)
#define fail_msg(...) tap_fail(__FILE__, __LINE__, __VA_ARGS__)

#define skip() siglongjmp(tap_end, TAP_SKIPPED)

/* Returns how the test ended. Not inlined: it calls sigsetjmp(). */
static __attribute__((noinline)) int tap_run(const struct CMUnitTest *test)
{
	void *state = test->initial_state;

	switch (sigsetjmp(tap_end, 0)) {
	case 0:
		break;
	case TAP_SKIPPED:
		return TAP_SKIPPED;
	default:
		return TAP_FAILED;
	}
	if (test->setup && test->setup(&state))
		tap_fail(__FILE__, __LINE__, "its setup failed");
	test->function(&state);
	if (test->teardown && test->teardown(&state))
		tap_fail(__FILE__, __LINE__, "its teardown failed");
	return TAP_PASSED;
}

/* Below its case, as TAP's readers expect; a line of it that looks like a case is none. */
static inline void tap_comment(const char *text)
{
	printf("# ");
	for (; *text; text++) {
		putchar(*text);
		if (*text == '\n')
			printf("# ");
	}
	putchar('\n');
}

static inline int tap_run_group(const struct CMUnitTest *tests, size_t count)
{
	int failures = 0;
	size_t i;

	printf("1..%zu\n", count);
	for (i = 0; i < count; i++) {
		int ending = tap_run(&tests[i]);

		printf("%sok %zu - %s", ending == TAP_FAILED ? "not " : "", i + 1, tests[i].name);
		if (ending == TAP_SKIPPED)
			printf(" # SKIP %.*s", (int)strcspn(tap_message, "\n"), tap_message);
		putchar('\n');
		if (ending == TAP_FAILED)
			tap_comment(tap_failure);
		failures += ending == TAP_FAILED;
	}
	return failures;
}

#define cmocka_run_group_tests_name(name, tests, group_setup, group_teardown) \
	((void)(name), cmocka_run_group_tests(tests, group_setup, group_teardown))

#define cmocka_run_group_tests(tests, group_setup, group_teardown) \
	((void)(group_setup), (void)(group_teardown),              \
	 tap_run_group(tests, sizeof(tests) / sizeof((tests)[0])))

#endif /* TESTS_UNIT_AARCH64_CMOCKA_H */

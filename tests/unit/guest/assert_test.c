/* SPDX-License-Identifier: MIT */
/*
 * The assertions on the host, about numbers, pointers and conditions: that passing ones call nothing, and
 * every word that failing ones say. Depends on guest/test/assert.c, print.c, format.c and bytes.
 */
#include "assert_fixture.h"
#include <limits.h>

enum colour { RED, GREEN = 7 };
enum temperature { COLD = -5, WARM = 20 };

struct fields {
	unsigned int three : 3;
	int negative : 5;
	bool flag : 1;
	uint64_t forty : 40;
	int64_t signed_forty : 40;
};

static int calls;

static int next(void)
{
	return ++calls;
}

static void some_function(void)
{
}

static void truth(void **state)
{
	int x = 3;
	const char *null = NULL;

	(void)state;
	PASSES(R0_ASSERT(x == 3));
	PASSES(R0_EXPECT(x == 3));
	PASSES(R0_ASSERT(state));
	ENDS("R0_ASSERT(x > 3) failed", R0_ASSERT(x > 3));
	ENDS("R0_ASSERT(null) failed", R0_ASSERT(null));
	ENDS("R0_ASSERT(x == 3 && x == INT_MAX) failed", R0_ASSERT(x == 3 && x == INT_MAX));
	CONTINUES("R0_EXPECT(!x) failed", R0_EXPECT(!x));
	assert_int_equal(seen.line, __LINE__ - 1);
}

static void integers(void **state)
{
	int i = 254, negative = -1;
	unsigned int u = 255;
	long lowest = LONG_MIN;
	unsigned long highest = ULONG_MAX;
	short s = -2;
	signed char sc = -3;
	unsigned char uc = 200;
	unsigned short us = 65535;

	(void)state;
	ENDS("R0_ASSERT_EQ(i, u) failed: i is 254 (0xfe), u is 255 (0xff)", R0_ASSERT_EQ(i, u));
	ENDS("R0_ASSERT_EQ(i, negative) failed: i is 254 (0xfe), negative is -1 (0xffffffff)",
	     R0_ASSERT_EQ(i, negative));
	ENDS("R0_ASSERT_EQ(lowest, highest) failed: lowest is -9223372036854775808 "
	     "(0x8000000000000000), highest is 18446744073709551615 (0xffffffffffffffff)",
	     R0_ASSERT_EQ(lowest, highest));
	ENDS("R0_ASSERT_EQ(s, sc) failed: s is -2 (0xfffe), sc is -3 (0xfd)", R0_ASSERT_EQ(s, sc));
	ENDS("R0_ASSERT_EQ(uc, us) failed: uc is 200 (0xc8), us is 65535 (0xffff)",
	     R0_ASSERT_EQ(uc, us));
	ENDS("R0_ASSERT_NE(i, i + 0) failed: i is 254 (0xfe), i + 0 is 254 (0xfe)",
	     R0_ASSERT_NE(i, i + 0));
	ENDS("R0_ASSERT_LT(u, u) failed: u is 255 (0xff), u is 255 (0xff)", R0_ASSERT_LT(u, u));
	ENDS("R0_ASSERT_LE(u, i) failed: u is 255 (0xff), i is 254 (0xfe)", R0_ASSERT_LE(u, i));
	ENDS("R0_ASSERT_GT(i, u) failed: i is 254 (0xfe), u is 255 (0xff)", R0_ASSERT_GT(i, u));
	ENDS("R0_ASSERT_GE(i, u) failed: i is 254 (0xfe), u is 255 (0xff)", R0_ASSERT_GE(i, u));
	CONTINUES("R0_EXPECT_EQ(i, u) failed: i is 254 (0xfe), u is 255 (0xff)",
		  R0_EXPECT_EQ(i, u));
	CONTINUES("R0_EXPECT_NE(i, i) failed: i is 254 (0xfe), i is 254 (0xfe)",
		  R0_EXPECT_NE(i, i));
	CONTINUES("R0_EXPECT_LT(u, i) failed: u is 255 (0xff), i is 254 (0xfe)",
		  R0_EXPECT_LT(u, i));
	CONTINUES("R0_EXPECT_LE(u, i) failed: u is 255 (0xff), i is 254 (0xfe)",
		  R0_EXPECT_LE(u, i));
	CONTINUES("R0_EXPECT_GT(i, u) failed: i is 254 (0xfe), u is 255 (0xff)",
		  R0_EXPECT_GT(i, u));
	CONTINUES("R0_EXPECT_GE(i, u) failed: i is 254 (0xfe), u is 255 (0xff)",
		  R0_EXPECT_GE(i, u));
}

static void comparisons_are_those_of_c(void **state)
{
	int negative = -1;
	unsigned int u = 1;
	unsigned char uc = 255;
	long l = -1;

	(void)state;
	PASSES(R0_ASSERT_GT(negative, u)); /* converted to unsigned */
	PASSES(R0_ASSERT_EQ(negative, UINT_MAX));
	PASSES(R0_ASSERT_LT(l, u)); /* long holds every unsigned int */
	PASSES(R0_ASSERT_NE(uc, negative));
	PASSES(R0_ASSERT_LE(u, 1));
	PASSES(R0_ASSERT_GE(u, 0));
	PASSES(R0_EXPECT_EQ(u, 1));
	PASSES(R0_EXPECT_LT(negative, 0));
	PASSES(R0_ASSERT_EQ(0x100000001, 0x100000001));
	ENDS("R0_ASSERT_EQ((uint64_t)0x100000001, u) failed: (uint64_t)0x100000001 is 4294967297 "
	     "(0x100000001), u is 1 (0x1)",
	     R0_ASSERT_EQ((uint64_t)0x100000001, u));
}

static void literals_are_not_repeated(void **state)
{
	int x = 254;
	bool yes = true;
	void *p = &x;
	char expected[128];

	(void)state;
	ENDS("R0_ASSERT_EQ(x, 0xff) failed: x is 254 (0xfe), 0xff is 255", R0_ASSERT_EQ(x, 0xff));
	ENDS("R0_ASSERT_EQ(x, 0xfful) failed: x is 254 (0xfe), 0xfful is 255",
	     R0_ASSERT_EQ(x, 0xfful));
	ENDS("R0_ASSERT_EQ(255, x) failed: 255 is 0xff, x is 254 (0xfe)", R0_ASSERT_EQ(255, x));
	ENDS("R0_ASSERT_EQ(x, -12) failed: x is 254 (0xfe), -12 is 0xfffffff4",
	     R0_ASSERT_EQ(x, -12));
	ENDS("R0_ASSERT_EQ(x, 5) failed: x is 254 (0xfe)", R0_ASSERT_EQ(x, 5));
	ENDS("R0_ASSERT_EQ(0, x) failed: x is 254 (0xfe)", R0_ASSERT_EQ(0, x));
	ENDS("R0_ASSERT_EQ(1, 2) failed", R0_ASSERT_EQ(1, 2));
	ENDS("R0_ASSERT_EQ(x, 010) failed: x is 254 (0xfe), 010 is 8 (0x8)", R0_ASSERT_EQ(x, 010));
	ENDS("R0_ASSERT_EQ(x, 1 + 1) failed: x is 254 (0xfe), 1 + 1 is 2 (0x2)",
	     R0_ASSERT_EQ(x, 1 + 1));
	ENDS("R0_ASSERT_EQ(yes, false) failed: yes is true", R0_ASSERT_EQ(yes, false));
	snprintf(expected, sizeof(expected), "R0_ASSERT_EQ(p, NULL) failed: p is %p", p);
	ENDS(expected, R0_ASSERT_EQ(p, NULL));
}

static void macros_keep_their_names(void **state)
{
	int x = 1;

	(void)state;
	ENDS("R0_ASSERT_EQ(x, INT_MAX) failed: x is 1 (0x1), INT_MAX is 2147483647 (0x7fffffff)",
	     R0_ASSERT_EQ(x, INT_MAX));
}

static void other_numbers(void **state)
{
	char c = 'x', quote = '\'', control = '\n';
	bool yes = true, no = false;
	enum colour colour = GREEN;
	enum temperature temperature = COLD;

	(void)state;
	PASSES(R0_ASSERT_EQ(c, 'x'));
	PASSES(R0_ASSERT_NE(yes, no));
	PASSES(R0_ASSERT_EQ(colour, GREEN));
	PASSES(R0_ASSERT_LT(temperature, WARM));
	ENDS("R0_ASSERT_EQ(c, quote) failed: c is 120 (0x78, 'x'), quote is 39 (0x27, '\\'')",
	     R0_ASSERT_EQ(c, quote));
	ENDS("R0_ASSERT_EQ(control, 'a') failed: control is 10 (0xa), 'a' is 97 (0x61)",
	     R0_ASSERT_EQ(control, 'a'));
	ENDS("R0_ASSERT_EQ(yes, no) failed: yes is true, no is false", R0_ASSERT_EQ(yes, no));
	ENDS("R0_ASSERT_EQ(colour, RED) failed: colour is 7 (0x7), RED is 0 (0x0)",
	     R0_ASSERT_EQ(colour, RED));
	ENDS("R0_ASSERT_EQ(temperature, 3) failed: temperature is -5 (0xfffffffb)",
	     R0_ASSERT_EQ(temperature, 3));
}

static void bit_fields(void **state)
{
	struct fields f = { 5, -3, true, 0xffffffffff, -2 };

	(void)state;
	PASSES(R0_ASSERT_EQ(f.three, 5));
	PASSES(R0_ASSERT_EQ(f.negative, -3));
	PASSES(R0_ASSERT_EQ(f.flag, true));
	PASSES(R0_ASSERT_EQ(f.forty, 0xffffffffff));
	PASSES(R0_ASSERT_LT(f.signed_forty, 0));
	PASSES(R0_ASSERT(f.flag));
	ENDS("R0_ASSERT_EQ(f.three, 6) failed: f.three is 5 (0x5)", R0_ASSERT_EQ(f.three, 6));
	ENDS("R0_ASSERT_EQ(f.negative, 6) failed: f.negative is -3 (0xfffffffd)",
	     R0_ASSERT_EQ(f.negative, 6));
	ENDS("R0_ASSERT_EQ(f.forty, 6) failed: f.forty is 1099511627775 (0xffffffffff)",
	     R0_ASSERT_EQ(f.forty, 6));
}

static void pointers(void **state)
{
	int array[4], *p = array;
	void *v = array;
	char *c = (char *)array;
	const volatile int *cv = array;
	void (*fn)(void) = some_function;
	void (*none)(void) = NULL;
	char expected[256];

	(void)state;
	PASSES(R0_ASSERT_EQ(v, c));
	PASSES(R0_ASSERT_EQ(p, array));
	PASSES(R0_ASSERT_EQ(cv, p));
	PASSES(R0_ASSERT_NE(p, NULL));
	PASSES(R0_ASSERT_NE(p, 0));
	PASSES(R0_ASSERT_LT(p, p + 1));
	PASSES(R0_ASSERT_EQ(fn, some_function));
	PASSES(R0_ASSERT_EQ(none, NULL));
	PASSES(R0_ASSERT_EQ(p, (uintptr_t)array));
	snprintf(expected, sizeof(expected),
		 "R0_ASSERT_EQ(p, array + 1) failed: p is %p, array + 1 is %p", (void *)p,
		 (void *)(array + 1));
	ENDS(expected, R0_ASSERT_EQ(p, array + 1));
	snprintf(expected, sizeof(expected),
		 "R0_ASSERT_EQ(none, fn) failed: none is NULL, fn is %p", (void *)(uintptr_t)fn);
	ENDS(expected, R0_ASSERT_EQ(none, fn));
}

static void floating_point(void **state)
{
	double half = 0.5, tiny = 1e-30, huge = 1e300, minus = -1234.25, none = 0;
	float f = 3.0F;

	(void)state;
	PASSES(R0_ASSERT_EQ(half, 0.5));
	PASSES(R0_ASSERT_LT(half, 1));
	PASSES(R0_ASSERT_NE(f, half));
	ENDS("R0_ASSERT_EQ(half, f) failed: half is 0.500000 (bits 0x3fe0000000000000), "
	     "f is 3.000000 (bits 0x40400000)",
	     R0_ASSERT_EQ(half, f));
	ENDS("R0_ASSERT_EQ(minus, 0) failed: minus is -1234.250000 (bits 0xc093490000000000)",
	     R0_ASSERT_EQ(minus, 0));
	ENDS("R0_ASSERT_GT(tiny, 1) failed: tiny is 0.000000 (bits 0x39b4484bfeebc2a0)",
	     R0_ASSERT_GT(tiny, 1));
	ENDS("R0_ASSERT_LT(huge, 1) failed: huge is 6724873095247260 * 2^944 (bits 0x7e37e43c8800759c)",
	     R0_ASSERT_LT(huge, 1));
	ENDS("R0_ASSERT_LT(1e18, 1) failed: 1e18 is 1000000000000000000.000000 (bits 0x43abc16d674ec800)",
	     R0_ASSERT_LT(1e18, 1));
	ENDS("R0_ASSERT_EQ(half / none, 1) failed: half / none is infinity (bits 0x7ff0000000000000)",
	     R0_ASSERT_EQ(half / none, 1));
}

static void arguments_are_evaluated_once(void **state)
{
	static int i;
	static const char *text = "abc", *other = "abc";

	(void)state;
	calls = 0;
	PASSES(R0_ASSERT_EQ(next(), 1));
	PASSES(R0_ASSERT_LT(next(), next()));
	assert_int_equal(calls, 3);
	PASSES(R0_ASSERT_EQ(i++, 0));
	PASSES(R0_ASSERT(i++ == 1));
	assert_int_equal(i, 2);
	ENDS("R0_ASSERT_EQ(next(), 9) failed: next() is 4 (0x4)", R0_ASSERT_EQ(next(), 9));
	assert_int_equal(calls, 4);
	PASSES(R0_ASSERT_STREQ(text++, other++));
	PASSES(R0_ASSERT_MEMEQ(text++, other++, (size_t)i--));
	assert_string_equal(text, "c");
	assert_string_equal(other, "c");
	assert_int_equal(i, 1);
}

/* clang-format off: what stands on one line is the point. */
static void statements(void **state)
{
	int x = 1;

	(void)state;
	take_exceptions();
	forget();
	if (x == 1)
		R0_ASSERT_EQ(x, 1);
	else
		R0_ASSERT_EQ(x, 2);
	if (x == 2)
		R0_ASSERT(x == 3);
	else
		R0_EXPECT(x == 1);
	for (int i = 0; i < 3; i++)
		R0_ASSERT_LT(i, 3);
	/* Within each other, and twice on a line. */
	R0_ASSERT_EQ(({
			     R0_ASSERT_EQ(x, 1);
			     x;
		     }),
		     1);
	R0_ASSERT_EQ(x, 1);
	R0_ASSERT_FAULT(R0_UD, R0_ASSERT_FAULT(R0_UD, __asm__ volatile("ud2"));
			__asm__ volatile("ud2"));
	assert_int_equal(seen.failures, 0);
	assert_null(tries);
}

/* clang-format on */

static void long_expressions(void **state)
{
	int a_rather_long_name_of_a_variable = 1, another_rather_long_name_of_a_variable = 2;

	(void)state;
	ENDS("R0_ASSERT_EQ(a_rather_long_name_of_a_variable + another_rather_long_name_of_a_variable, "
	     "4) failed: the left side is 3 (0x3)",
	     R0_ASSERT_EQ(a_rather_long_name_of_a_variable + another_rather_long_name_of_a_variable,
			  4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth),
		cmocka_unit_test(integers),
		cmocka_unit_test(comparisons_are_those_of_c),
		cmocka_unit_test(literals_are_not_repeated),
		cmocka_unit_test(macros_keep_their_names),
		cmocka_unit_test(other_numbers),
		cmocka_unit_test(bit_fields),
		cmocka_unit_test(pointers),
		cmocka_unit_test(floating_point),
		cmocka_unit_test(arguments_are_evaluated_once),
		cmocka_unit_test(statements),
		cmocka_unit_test(long_expressions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

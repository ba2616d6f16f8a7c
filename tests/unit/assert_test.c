/* SPDX-License-Identifier: MIT */
/*
 * The assertions on the host: that passing ones call nothing, and every word that failing ones
 * say. Depends on guest/assert.c, print.c, format.c and bytes.
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

static void strings(void **state)
{
	char abc[] = "abc";
	const char *null = NULL;
	static char text[300], other[300];

	(void)state;
	PASSES(R0_ASSERT_STREQ(abc, "abc"));
	PASSES(R0_ASSERT_STREQ(null, NULL));
	PASSES(R0_ASSERT_STREQ("", ""));
	PASSES(R0_ASSERT_STRNE(abc, "ab"));
	PASSES(R0_ASSERT_STRNE(abc, "abcd"));
	PASSES(R0_ASSERT_STRNE(abc, NULL));
	PASSES(R0_EXPECT_STREQ(abc, "abc"));
	PASSES(R0_EXPECT_STRNE(abc, "abd"));
	ENDS("R0_ASSERT_STREQ(abc, \"abd\") failed: abc is \"abc\"", R0_ASSERT_STREQ(abc, "abd"));
	ENDS("R0_ASSERT_STREQ(\"abd\", abc) failed: abc is \"abc\"", R0_ASSERT_STREQ("abd", abc));
	ENDS("R0_ASSERT_STREQ(null, abc) failed: null is NULL, abc is \"abc\"",
	     R0_ASSERT_STREQ(null, abc));
	ENDS("R0_ASSERT_STRNE(abc, \"abc\") failed: both are \"abc\"", R0_ASSERT_STRNE(abc, "abc"));
	ENDS("R0_ASSERT_STRNE(null, NULL) failed: both are NULL", R0_ASSERT_STRNE(null, NULL));
	CONTINUES("R0_EXPECT_STREQ(abc, \"a\" \"b\") failed: abc is \"abc\", \"a\" \"b\" is \"ab\"",
		  R0_EXPECT_STREQ(abc, "a"
				       "b"));
	CONTINUES("R0_EXPECT_STRNE(abc, abc) failed: both are \"abc\"", R0_EXPECT_STRNE(abc, abc));
	strcpy(text, "a\"b\\c\n\t\x1b\x80");
	ENDS("R0_ASSERT_STREQ(text, \"\") failed: text is \"a\\\"b\\\\c\\n\\t\\x1b\\x80\"",
	     R0_ASSERT_STREQ(text, ""));
	memset(text, 'a', 200);
	text[200] = '\0';
	strcpy(other, text);
	other[100] = 'b';
	ENDS("R0_ASSERT_STREQ(text, other) failed: text is ...\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	     "aaaaaaaaaaaaaaaaaaaaaaaa\"..., other is ...\"aaaaaaaaaaaaaaaaaaaaaaaabaaaaaaaaaaaaaaaaaaa"
	     "aaaaaaaaaaaaaaaaaaaa\"..., different from offset 100 on",
	     R0_ASSERT_STREQ(text, other));
}

/* Two pages of which the second is missing. */
static char *edge_of_memory(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(mprotect(memory + page, page, PROT_NONE), 0);
	return memory + page;
}

static void memory(void **state)
{
	unsigned char a[100], b[100];
	char *all = calloc(1, 10000), *ones = malloc(10000);

	(void)state;
	for (int i = 0; i < 100; i++)
		a[i] = b[i] = (unsigned char)i;
	PASSES(R0_ASSERT_MEMEQ(a, b, sizeof(a)));
	PASSES(R0_ASSERT_MEMEQ(a, NULL, 0));
	PASSES(R0_EXPECT_MEMEQ(a, b, 1));
	b[18] = 0xff;
	CONTINUES(
		"R0_EXPECT_MEMEQ(a, b, sizeof(a)) failed: 1 of 100 bytes differs, from offset 18 (0x12) on\n"
		"  left  +0x0010: 10 11*12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f\n"
		"  right +0x0010: 10 11*ff 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f",
		R0_EXPECT_MEMEQ(a, b, sizeof(a)));
	b[99] = 0;
	ENDS("R0_ASSERT_MEMEQ(a, b, sizeof(a)) failed: 2 of 100 bytes differ, from offset 18 (0x12) on\n"
	     "  left  +0x0010: 10 11*12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f\n"
	     "  right +0x0010: 10 11*ff 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f\n"
	     "  left  +0x0060: 60 61 62*63\n"
	     "  right +0x0060: 60 61 62*00",
	     R0_ASSERT_MEMEQ(a, b, sizeof(a)));
	memset(ones, 1, 10000);
	RUN(R0_ASSERT_MEMEQ(all, ones, 10000));
	assert_non_null(
		strstr(seen.text, "failed: at least 4096 of 10000 bytes differ, from offset 0"));
	assert_non_null(strstr(seen.text, "right +0x0030:*01*01"));
	assert_null(strstr(seen.text, "right +0x0040:"));
	free(all);
	free(ones);
}

static void exceptions(void **state)
{
	char *edge = edge_of_memory();
	volatile int vector = R0_UD;
	char expected[256];

	(void)state;
	take_exceptions();
	PASSES(R0_ASSERT_FAULT(R0_UD, __asm__ volatile("ud2")));
	PASSES(R0_EXPECT_FAULT(R0_PF, *(volatile char *)edge = 1));
	PASSES(R0_EXPECT_FAULT(vector, __asm__ volatile("ud2")));
	ENDS("R0_ASSERT_FAULT(R0_GP, calls = 1) failed: no exception instead of #GP",
	     R0_ASSERT_FAULT(R0_GP, calls = 1));
	CONTINUES("R0_EXPECT_FAULT(32, __asm__ volatile(\"ud2\")) failed: #UD (error code 0x0) at "
		  "0x401000 instead of interrupt 0x20",
		  R0_EXPECT_FAULT(32, __asm__ volatile("ud2")));
	snprintf(
		expected, sizeof(expected),
		"R0_ASSERT_FAULT(R0_UD, *(volatile char *)edge = 1) failed: #PF (error code 0x6, address "
		"%p) at 0x401000 instead of #UD",
		(void *)edge);
	ENDS(expected, R0_ASSERT_FAULT(R0_UD, *(volatile char *)edge = 1));
}

static void too_long_for_a_message(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'a', sizeof(text));
	RUN(R0_FAIL("%.*s", (int)sizeof(text), text));
	assert_int_equal(seen.length, 1000);
	assert_string_equal(seen.text + 995, "aa...");
	RUN(r0_panic("%.*s", (int)sizeof(text), text));
	assert_int_equal(seen.length, 1023);
	assert_string_equal(seen.text + 1018, "aa...");
}

static void ends_on_purpose(void **state)
{
	(void)state;
	ENDS("lost 3 of 4", R0_FAIL("lost %d of %d", 3, 4));
	ENDS("plainly", R0_FAIL("plainly"));
	ENDS("R0_FAIL()", R0_FAIL());
	RUN(r0_panic("no %s", "way"));
	assert_string_equal(seen.text, "no way");
	assert_int_equal(seen.kind, R0_FAILURE_PANIC);
	assert_null(seen.file);
	assert_true(seen.stopped);
	RUN(R0_SKIP("no %s here", "device"));
	assert_string_equal(seen.text, "no device here");
	assert_int_equal(seen.skips, 1);
	assert_int_equal(seen.failures, 0);
	RUN(R0_SKIP());
	assert_string_equal(seen.text, "R0_SKIP()");
	RUN(R0_SKIP("%s", ""));
	assert_string_equal(seen.text, "R0_SKIP");
}

static void the_host_is_told_apart(void **state)
{
	(void)state;
	RUN(R0_ASSERT(false));
	assert_string_equal(seen.required, "R0_ASSERT");
	RUN(R0_FAIL());
	assert_string_equal(seen.required, "R0_FAIL");
	RUN(R0_SKIP());
	assert_string_equal(seen.required, "R0_SKIP");
	RUN(r0_printf("x"));
	assert_string_equal(seen.required, "r0_printf");
	RUN(r0_panic("x"));
	assert_string_equal(seen.required, "r0_panic");
}

static void texts_of_the_user(void **state)
{
	int port = 0x71, told = 0;

	(void)state;
	ENDS("R0_ASSERT(port == 1) failed, port 0x71", R0_ASSERT(port == 1, "port %#x", port));
	ENDS("R0_ASSERT_EQ(port, 1) failed, port 71 of \"x\": port is 113 (0x71)",
	     R0_ASSERT_EQ(port, 1, "port %x of \"%s\"", port, "x"));
	CONTINUES("R0_EXPECT_LT(port, 1) failed, alone: port is 113 (0x71)",
		  R0_EXPECT_LT(port, 1, "alone"));
	ENDS("R0_ASSERT_STREQ(\"a\", \"b\") failed, name 5",
	     R0_ASSERT_STREQ("a", "b", "name %d", 5));
	CONTINUES("R0_EXPECT_STRNE(\"a\", \"a\") failed, name: both are \"a\"",
		  R0_EXPECT_STRNE("a", "a", "name"));
	CONTINUES(
		"R0_EXPECT_MEMEQ(\"ab\", \"ac\", 2) failed, page 3: 1 of 2 bytes differs, from offset 1 "
		"(0x1) on\n  left  +0x0000: 61*62\n  right +0x0000: 61*63",
		R0_EXPECT_MEMEQ("ab", "ac", 2, "page %d", 3));
	ENDS("R0_ASSERT_FAULT_WITH(R0_GP, (void)0) failed, MSR 0x10: no exception instead of #GP",
	     R0_ASSERT_FAULT_WITH(R0_GP, (void)0, "MSR %#x", 0x10));
	CONTINUES("R0_EXPECT_FAULT_WITH(R0_GP, (void)0) failed, again: no exception instead of #GP",
		  R0_EXPECT_FAULT_WITH(R0_GP, (void)0, "again"));
	/* Evaluated only for a failure. */
	PASSES(R0_ASSERT(port, "call %d", ++told));
	PASSES(R0_ASSERT_EQ(port, 0x71, "call %d", ++told));
	assert_int_equal(told, 0);
}

static void registers(void **state)
{
	uint64_t efer = 0x501, cr0 = 0x80050033, rflags = 0x246, xcr0 = 7, entry = 0x1007;
	uint32_t error_code = 2;

	(void)state;
	ENDS("R0_ASSERT_EQ(efer, 0xd01) failed: efer is 0x501, missing: NXE",
	     R0_ASSERT_EQ(efer, 0xd01));
	ENDS("R0_ASSERT_EQ(efer, 1) failed: efer is 0x501, 1 is 0x1, surplus: LME LMA",
	     R0_ASSERT_EQ(efer, 1));
	/* What was wanted is the constant, on either side. */
	ENDS("R0_ASSERT_EQ(0xd01, efer) failed: efer is 0x501, missing: NXE",
	     R0_ASSERT_EQ(0xd01, efer));
	ENDS("R0_ASSERT_EQ(cr0 & (1 << 16), 0) failed: cr0 & (1 << 16) is 0x10000, 0 is 0x0, surplus: WP",
	     R0_ASSERT_EQ(cr0 & (1 << 16), 0));
	ENDS("R0_ASSERT_EQ(rflags, 0x2) failed: rflags is 0x246, surplus: PF ZF IF",
	     R0_ASSERT_EQ(rflags, 0x2));
	ENDS("R0_ASSERT_EQ(xcr0, 0x8000000000000003) failed: xcr0 is 0x7, missing: 0x8000000000000000, "
	     "surplus: AVX",
	     R0_ASSERT_EQ(xcr0, 0x8000000000000003));
	ENDS("R0_ASSERT_NE(efer, 0x501) failed: efer is 0x501, bits: SCE LME LMA",
	     R0_ASSERT_NE(efer, 0x501));
	/* By the names of the bits themselves. */
#define R0_PF_P	   1ul
#define R0_PAGE_NX (1ul << 63)
	ENDS("R0_ASSERT_EQ(error_code, R0_PF_P) failed: error_code is 0x2, R0_PF_P is 0x1, missing: P, "
	     "surplus: WR",
	     R0_ASSERT_EQ(error_code, R0_PF_P));
	ENDS("R0_ASSERT_EQ(entry & R0_PAGE_NX, R0_PAGE_NX) failed: entry & R0_PAGE_NX is 0x0, R0_PAGE_NX is "
	     "0x8000000000000000, missing: NX",
	     R0_ASSERT_EQ(entry & R0_PAGE_NX, R0_PAGE_NX));
	/* Not everything that has such letters. */
	{
		int adcr0 = 5;

		ENDS("R0_ASSERT_EQ(adcr0, 1) failed: adcr0 is 5 (0x5)", R0_ASSERT_EQ(adcr0, 1));
	}
}

static void printing(void **state)
{
	char text[3000];

	(void)state;
	RUN(r0_printf("x is %d, %s\n", 5, "y"));
	assert_int_equal(seen.console_calls, 1);
	assert_int_equal(seen.console_length, 10);
	assert_memory_equal(seen.console, "x is 5, y\n", 10);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	RUN(r0_printf("<%s>%d", text, 1));
	assert_int_equal(seen.console_length, 3002);
	assert_memory_equal(seen.console, "<aaa", 4);
	assert_memory_equal(seen.console + 2998, "aa>1", 4);
	assert_int_equal(seen.console_longest, 512);
	assert_int_equal(seen.console_calls, 6);
	RUN(r0_printf("%s", ""));
	assert_int_equal(seen.console_calls, 0);
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
		cmocka_unit_test(strings),
		cmocka_unit_test(memory),
		cmocka_unit_test(exceptions),
		cmocka_unit_test(too_long_for_a_message),
		cmocka_unit_test(ends_on_purpose),
		cmocka_unit_test(the_host_is_told_apart),
		cmocka_unit_test(texts_of_the_user),
		cmocka_unit_test(registers),
		cmocka_unit_test(printing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

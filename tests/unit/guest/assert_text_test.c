/* SPDX-License-Identifier: MIT */
/*
 * The assertions on the host, about strings, memory, exceptions and registers, the user's own texts, and
 * printing. Depends on guest/test/assert.c, print.c, format.c and bytes.
 */
#include "assert_fixture.h"

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
	ENDS("R0_ASSERT_FAULT(R0_GP, vector = 32) failed: no exception instead of #GP",
	     R0_ASSERT_FAULT(R0_GP, vector = 32));
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
		cmocka_unit_test(strings),	     cmocka_unit_test(memory),
		cmocka_unit_test(exceptions),	     cmocka_unit_test(too_long_for_a_message),
		cmocka_unit_test(ends_on_purpose),   cmocka_unit_test(the_host_is_told_apart),
		cmocka_unit_test(texts_of_the_user), cmocka_unit_test(registers),
		cmocka_unit_test(printing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

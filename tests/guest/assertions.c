/* SPDX-License-Identifier: MIT */
/*
 * The assertions where they belong, in ring 0: that passing ones pass, evaluate once and cost
 * nothing that an emulator lacks, and that failing ones panic with their words. Every message in
 * full is in tests/unit/guest/assert_test.c.
 */
#include <sys/mman.h>
#include <ring0.h>

enum colour { RED, GREEN = 7 };
enum temperature { COLD = -5, WARM = 20 };

struct fields {
	unsigned int three : 3;
	int negative : 5;
	bool flag : 1;
	uint64_t forty : 40;
};

static volatile int calls;

/* In the page at 0, which is never there. */
static volatile int *volatile nowhere = (volatile int *)8;

static int next(void)
{
	return ++calls;
}

static void invalid_opcode(void)
{
	__asm__ volatile("ud2");
}

R0_TEST(assertions, integers)
{
	volatile int negative = -1;
	volatile unsigned int one = 1;
	volatile long lowest = INT64_MIN;
	volatile uint64_t highest = UINT64_MAX;
	volatile signed char sc = -3;
	volatile unsigned char uc = 200;
	volatile short s = -2;
	volatile unsigned short us = 65535;

	R0_ASSERT_EQ(negative, -1);
	R0_ASSERT_NE(negative, 0);
	R0_ASSERT_LT(negative, 0);
	R0_ASSERT_LE(lowest, INT64_MIN);
	R0_ASSERT_GT(highest, 0);
	R0_ASSERT_GE(one, 1);
	R0_ASSERT_EQ(sc, -3);
	R0_ASSERT_EQ(uc, 200);
	R0_ASSERT_LT(s, uc);
	R0_ASSERT_EQ(us, 0xffff);
	/* As C has it: int is converted to unsigned int, and unsigned int to long. */
	R0_ASSERT_GT(negative, one);
	R0_ASSERT_LT(lowest, one);
	R0_EXPECT_EQ(negative, -1);
	R0_EXPECT_NE(negative, 0);
	R0_EXPECT_LT(negative, 0);
	R0_EXPECT_LE(negative, 0);
	R0_EXPECT_GT(one, 0);
	R0_EXPECT_GE(one, 1);
	R0_EXPECT(one);
}

R0_TEST(assertions, other_numbers)
{
	volatile char c = 'x';
	volatile bool yes = true;
	volatile enum colour colour = GREEN;
	volatile enum temperature temperature = COLD;
	volatile struct fields fields = { 5, -3, true, 0xffffffffff };

	R0_ASSERT_EQ(c, 'x');
	R0_ASSERT_EQ(yes, true);
	R0_ASSERT(yes);
	R0_ASSERT_EQ(colour, GREEN);
	R0_ASSERT_LT(temperature, WARM);
	R0_ASSERT_EQ(fields.three, 5);
	R0_ASSERT_EQ(fields.negative, -3);
	R0_ASSERT_EQ(fields.flag, true);
	R0_ASSERT_EQ(fields.forty, 0xffffffffff);
}

R0_TEST(assertions, pointers)
{
	static int array[2];
	void *v = array;
	char *c = (char *)array;
	void (*fn)(void) = invalid_opcode;

	R0_ASSERT_EQ(v, c);
	R0_ASSERT_EQ(v, array);
	R0_ASSERT_NE(v, NULL);
	R0_ASSERT_NE(v, 0);
	R0_ASSERT_LT(array, array + 1);
	R0_ASSERT_EQ(fn, invalid_opcode);
}

R0_TEST(assertions, arguments_are_evaluated_once)
{
	int i = 0;

	R0_ASSERT_EQ(next(), 1);
	R0_ASSERT_LT(next(), 9);
	R0_ASSERT(next() == 3);
	R0_EXPECT_GE(next(), 4);
	R0_ASSERT_EQ(calls, 4);
	R0_ASSERT_EQ(i++, 0);
	R0_ASSERT_EQ(i, 1);
}

R0_TEST(assertions, are_statements)
{
	volatile int x = 1;

	if (x == 1)
		R0_ASSERT_EQ(x, 1);
	else
		R0_ASSERT_EQ(x, 2);
	if (x == 2)
		R0_FAIL();
	else
		R0_EXPECT(x == 1);
	for (int i = 0; i < 3; i++)
		R0_ASSERT_LT(i, 3);
}

R0_TEST(assertions, strings_and_memory)
{
	char text[] = "some text";
	char other[] = "some text";

	R0_ASSERT_STREQ(text, other);
	R0_ASSERT_STREQ("", "");
	R0_ASSERT_MEMEQ(text, other, sizeof(text));
	R0_ASSERT_MEMEQ(text, NULL, 0);
	other[8] = 'd';
	R0_ASSERT_STRNE(text, other);
	R0_ASSERT_MEMEQ(text, other, 8);
	R0_EXPECT_STRNE(text, NULL);
	R0_EXPECT_STREQ(other, "some texd");
	R0_EXPECT_MEMEQ(other, "some", 4);
}

R0_TEST(assertions, exceptions)
{
	volatile int steps = 0;

	R0_ASSERT_FAULT(R0_UD, invalid_opcode());
	R0_EXPECT_FAULT(R0_PF, *nowhere = 1);
	R0_ASSERT_FAULT(R0_UD, steps = steps + 1; invalid_opcode(); steps = steps + 10);
	R0_ASSERT_EQ(steps, 1);
	R0_ASSERT_FAULT(R0_UD, R0_ASSERT_FAULT(R0_UD, invalid_opcode()); invalid_opcode());
	for (int i = 0; i < 3; i++)
		R0_ASSERT_FAULT(R0_UD, invalid_opcode());
}

R0_TEST(assertions, truth_fails, .should_panic = true,
	.panic_message = "R0_ASSERT(next() > 1) failed")
{
	R0_ASSERT(next() > 1);
}

R0_TEST(assertions, equality_fails, .should_panic = true,
	.panic_message = "R0_ASSERT_EQ(calls, 0xff) failed: calls is 254 (0xfe), 0xff is 255")
{
	calls = 254;
	R0_ASSERT_EQ(calls, 0xff);
}

R0_TEST(assertions, inequality_fails, .should_panic = true,
	.panic_message = "R0_ASSERT_NE(calls, -1) failed: calls is -1 (0xffffffff)")
{
	calls = -1;
	R0_ASSERT_NE(calls, -1);
}

R0_TEST(assertions, order_fails, .should_panic = true,
	.panic_message = "R0_ASSERT_LT(next(), 1) failed: next() is 1 (0x1)")
{
	R0_ASSERT_LT(next(), 1);
}

R0_TEST(assertions, pointer_fails, .should_panic = true,
	.panic_message = "R0_ASSERT_EQ(p, (void *)0xdead0000) failed: p is NULL, "
			 "(void *)0xdead0000 is 0xdead0000")
{
	void *p = NULL;

	R0_ASSERT_EQ(p, (void *)0xdead0000);
}

R0_TEST(assertions, string_fails, .should_panic = true,
	.panic_message = "R0_ASSERT_STREQ(text, \"abd\") failed: text is \"abc\"")
{
	char text[] = "abc";

	R0_ASSERT_STREQ(text, "abd");
}

R0_TEST(assertions, strings_are_the_same, .should_panic = true,
	.panic_message = "R0_ASSERT_STRNE(text, \"abc\") failed: both are \"abc\"")
{
	char text[] = "abc";

	R0_ASSERT_STRNE(text, "abc");
}

R0_TEST(assertions, memory_fails, .should_panic = true,
	.panic_message = "left  +0x0000: 61 62*63 64\n  right +0x0000: 61 62*78 64")
{
	char bytes[] = "abcd";

	R0_ASSERT_MEMEQ(bytes, "abxd", 4);
}

/* Behind the last byte of a page, of which the next one is absent. Made on the host. */
static char *edge;

__attribute__((constructor)) static void make_edge(void)
{
	char *pages =
		mmap(NULL, 0x2000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || mprotect(pages + 0x1000, 0x1000, PROT_NONE) != 0)
		return;
	edge = pages + 0x1000;
	edge[-4] = 'a';
	edge[-3] = 'b';
	edge[-2] = 'c';
	edge[-1] = 'd';
}

R0_TEST(assertions, unreadable_string_fails, .should_panic = true,
	.panic_message = "edge - 4 is \"abcd\" (unreadable from there on)")
{
	R0_ASSERT_STREQ("xbcd", edge - 4);
}

R0_TEST(assertions, unreadable_memory_fails, .should_panic = true,
	.panic_message = "at least 1 of 8 bytes differs, from offset 0 (0x0) on\n"
			 "  left  +0x0000:*78 62 63 64 78 78 78 78\n"
			 "  right +0x0000:*61 62 63 64 ?? ?? ?? ??")
{
	static const char bytes[8] = { 'x', 'b', 'c', 'd', 'x', 'x', 'x', 'x' };

	R0_ASSERT_MEMEQ(bytes, edge - 4, 8);
}

R0_TEST(assertions, no_exception_fails, .should_panic = true,
	.panic_message = "R0_ASSERT_FAULT(R0_GP, next()) failed: no exception instead of #GP")
{
	R0_ASSERT_FAULT(R0_GP, next());
}

R0_TEST(assertions, other_exception_fails, .should_panic = true,
	.panic_message = "failed: #PF (error code 0x2, address 0x8) at 0x")
{
	R0_ASSERT_FAULT(R0_GP, *nowhere = 1);
}

R0_TEST(assertions, fail_fails, .should_panic = true, .panic_message = "lost 3 of 4")
{
	R0_FAIL("lost %d of %d", 3, 4);
}

R0_TEST(assertions, panic_panics, .should_panic = true, .panic_message = "no way")
{
	r0_panic("no %s", "way");
}

static void ring3_asserts_checked(void)
{
	R0_ASSERT_EQ(calls, 5);
}

static long ring3_asserts(void *unused)
{
	(void)unused;
	calls = 5;
	ring3_asserts_checked();
	R0_ASSERT_STREQ("abc", "abc");
	return calls;
}

R0_TEST(assertions, work_in_ring3)
{
	struct r0_fault fault = r0_user_call(ring3_asserts, NULL);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 5);
}

static long ring3_fails(void *unused)
{
	const char *text = calls == 0 ? "abd" : "abc";

	(void)unused;
	R0_ASSERT_STREQ("abc", text);
	return 0;
}

R0_TEST(assertions, fail_in_ring3, .should_panic = true,
	.panic_message = "R0_ASSERT_STREQ(\"abc\", text) failed: text is \"abd\"")
{
	r0_user_call(ring3_fails, NULL);
}

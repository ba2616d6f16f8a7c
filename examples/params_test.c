/* SPDX-License-Identifier: MIT */
/*
 * One test, many cases: which exception each of these instructions raises.
 */
#include <ring0.h>

static void divide_by_zero(void *arg)
{
	(void)arg;
	__asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; div %%ecx" ::
				 : "eax", "ecx", "edx", "cc");
}

static void undefined(void *arg)
{
	(void)arg;
	__asm__ volatile("ud2");
}

static void reserved_bit_of_cr4(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %%cr4, %%rax; bts $30, %%rax; mov %%rax, %%cr4" ::: "rax", "cc");
}

static void unaddressable(void *arg)
{
	(void)arg;
	__asm__ volatile("mov (%0), %%al" ::"r"(0x800000000000) : "al");
}

static void absent_page(void *arg)
{
	(void)arg;
	__asm__ volatile("movb $1, (%0)" ::"r"(0x10l) : "memory");
}

static void selector_beyond_the_table(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %0, %%fs" ::"r"(0xfff8));
}

static const struct fault_case {
	void (*fn)(void *arg);
	int vector;
	uint64_t error_code;
} faults[] = {
	{ divide_by_zero, R0_DE, 0 },
	{ undefined, R0_UD, 0 },
	{ reserved_bit_of_cr4, R0_GP, 0 },
	{ unaddressable, R0_GP, 0 },
	{ absent_page, R0_PF, 0x2 }, /* a write, by the supervisor, to a page that is not there */
	{ selector_beyond_the_table, R0_GP, 0xfff8 },
};

R0_TEST(faults, vector_and_error_code, .params = R0_PARAMS(faults))
{
	const struct fault_case *expected = &R0_PARAM(const struct fault_case);
	struct r0_fault fault = r0_try(expected->fn, NULL);

	R0_ASSERT_EQ(fault.vector, expected->vector);
	R0_EXPECT_EQ(fault.error_code, expected->error_code);
}

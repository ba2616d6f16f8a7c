/* SPDX-License-Identifier: MIT */
/* What a predecessor could not do with memory: the heap, .ram and .mmio, wherever they are. Of limits_test: see limits.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ring0.h>
#include <ring0/x86.h>

#define MIB ((size_t)1 << 20)

/* More than the program's heap has: the machine gives it, as Linux does by mmap(). */
R0_TEST(heap, grows)
{
	char *large = malloc(3 * MIB), *zero = calloc(40, MIB);

	R0_ASSERT(large && zero);
	R0_ASSERT_EQ(zero[0] | zero[20 * MIB] | zero[40 * MIB - 1], 0);
	memset(large, 1, 3 * MIB);
	zero[40 * MIB - 1] = 2;
	large = realloc(large, 50 * MIB);
	R0_ASSERT(large);
	R0_ASSERT_EQ(large[3 * MIB - 1], 1);
	large[50 * MIB - 1] = 3;
	free(large);
	free(zero);
}

/* It is given back: otherwise this were 20 GiB. */
R0_TEST(heap, is_used_again)
{
	for (int i = 0; i < 40; i++) {
		char *large = mmap(NULL, 512 * MIB, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		R0_ASSERT(large != MAP_FAILED);
		R0_ASSERT_EQ(large[i * MIB], 0, "round %d", i);
		large[i * MIB] = large[(i + 1) * MIB] = 1;
		R0_ASSERT_EQ(munmap(large, 512 * MIB), 0);
	}
}

/* Where nothing is, and the next test finds nothing there either. */
static int first = 1, second = 2;
static int *const numbers[] = { &first, &second };

R0_TEST(heap, at_an_address, .params = R0_PARAMS(numbers))
{
	char *const wanted = (char *)0x300000000000;
	char *got;

	R0_ASSERT_FAULT(R0_PF, *(volatile char *)wanted);
	got = mmap(wanted, 3 * MIB + 1, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	R0_ASSERT_EQ((void *)got, (void *)wanted);
	R0_ASSERT_EQ(got[0] | got[MIB] | got[3 * MIB], 0);
	memset(got, *R0_PARAM(int *const), 3 * MIB + 4096);
	R0_ASSERT_FAULT(R0_PF, *(volatile char *)(wanted + 3 * MIB + 4096));
	R0_ASSERT(malloc(3 * MIB));
}

R0_TEST(heap, has_a_limit)
{
	/* From and to a volatile, or the compiler knows better than to ask. */
	volatile size_t too_much = (size_t)1 << 46;
	void *volatile got = malloc(too_much);

	R0_ASSERT(!got);
	R0_ASSERT(malloc(MIB));
}

static int answer(void *state, struct r0_access *access)
{
	(void)state;
	access->value = 0x55;
	return 0;
}

/* In the first two places where the heap would be. */
R0_TEST(heap, is_not_where_the_test_has_memory, .ram = R0_RAM({ 1ul << 35, (1ul << 35) + 4096 }),
	.mmio = R0_MMIO({ 1ul << 34, (1ul << 34) + 4095, answer, NULL, 0 }))
{
	char *declared = r0_direct(1ul << 35), *large = malloc(MIB);

	R0_ASSERT(large);
	memset(large, 1, MIB);
	R0_ASSERT_EQ(*declared, 0);
	*declared = 2;
	R0_ASSERT_EQ(large[0], 1);
	R0_ASSERT_EQ(*(volatile uint32_t *)r0_direct(1ul << 34), 0x55);
}

/* The heap is below a mock at the end of the CPU's addresses, as elsewhere. */
R0_TEST(heap, is_there_below_a_mock,
	.mmio = R0_MMIO({ (1ul << 36) - 4096, (1ul << 36) - 1, answer, NULL, 0 }))
{
	R0_ASSERT(malloc(MIB));
}

static long fill(void *large)
{
	memset(large, 3, 2 * MIB);
	return 0;
}

R0_TEST(heap, is_ring_3_s_too)
{
	char *large = malloc(2 * MIB);

	R0_ASSERT(large);
	R0_ASSERT_EQ(r0_user_call(fill, large).vector, -1);
	R0_ASSERT_EQ(large[2 * MIB - 1], 3);
}

R0_TEST(ram, is_there_and_zero, .ram = R0_RAM({ 0x1000000, 0x1004000 }))
{
	volatile uint64_t *direct = r0_direct(0x1000000), *same = (uint64_t *)0x1000000;

	for (unsigned int i = 0; i < 0x4000 / 8; i += 64)
		R0_ASSERT_EQ(direct[i], 0);
	direct[1] = 7;
	R0_ASSERT_EQ(same[1], 7);
	same[0x3ff8 / 8] = 9;
	R0_ASSERT_EQ(direct[0x3ff8 / 8], 9);
	R0_ASSERT_EQ(r0_physical((void *)(uintptr_t)same), 0x1000000);
}

R0_TEST(ram, is_zero_again, .ram = R0_RAM({ 0x1000000, 0x1004000 }))
{
	R0_ASSERT_EQ(*(volatile uint64_t *)0x1000008, 0);
}

R0_TEST(ram, is_gone_without, .panic_message = "guest-physical 0x1000000, which nothing declares")
{
	R0_ASSERT_FAULT(R0_PF, (void)*(volatile uint64_t *)0x1000000);
	(void)*(volatile uint64_t *)r0_direct(0x1000000);
}

/* Above 4 GiB, where the mirror would otherwise be, and many at once. */
R0_TEST(ram, anywhere,
	.ram = R0_RAM({ 0, 0x1000 }, { 0x100000000, 0x100002000 }, { 0x3fc0000000, 0x3fc0001000 }))
{
	static const uint64_t at[] = { 0, 0x100000000, 0x100001000, 0x3fc0000000 };

	for (unsigned int i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		volatile uint64_t *word = r0_direct(at[i]);

		R0_ASSERT_EQ(*word, 0);
		*word = i;
		R0_ASSERT_EQ(*word, i);
	}
	/* At NULL there is nothing, whatever is at 0. */
	R0_ASSERT_FAULT(R0_PF, (void)*(volatile uint64_t *)r0_read_cr2());
}

static int answer_one(void *state, struct r0_access *access)
{
	(void)state;
	access->value = 1;
	return 0;
}

static int answer_two(void *state, struct r0_access *access)
{
	(void)state;
	access->value = 2;
	return 0;
}

/* A device's window with a table of another in it: the mock declared first has what both hold. */
R0_TEST(mmio, within_another,
	.mmio = R0_MMIO({ 0xfe000000, 0xfe1fffff, answer_one, NULL, 0 },
			{ 0xfe001000, 0xfe001fff, answer_two, NULL, 0 }))
{
	R0_ASSERT_EQ(*(volatile uint32_t *)0xfe000000, 1);
	R0_ASSERT_EQ(*(volatile uint32_t *)0xfe001000, 1);
}

R0_TEST(mmio, around_another,
	.mmio = R0_MMIO({ 0xfe001000, 0xfe001fff, answer_two, NULL, 0 },
			{ 0xfe000000, 0xfe1fffff, answer_one, NULL, 0 }))
{
	R0_ASSERT_EQ(*(volatile uint32_t *)0xfe000ffc, 1);
	R0_ASSERT_EQ(*(volatile uint32_t *)0xfe001000, 2);
	R0_ASSERT_EQ(*(volatile uint32_t *)0xfe1ffffc, 1);
}

/* Past what the direct map starts with, and next to memory. */
R0_TEST(mmio, in_one_page, .ram = R0_RAM({ 0x8000000000, 0x8000200000 }),
	.mmio = R0_MMIO({ 0x8000200000, 0x80003ffeff, answer_one, NULL, 0 },
			{ 0x80003fff00, 0x80003fffff, answer_two, NULL, 0 }))
{
	volatile uint32_t *memory = (volatile uint32_t *)0x80001ffffc;

	*memory = 3;
	R0_ASSERT_EQ(*memory, 3);
	R0_ASSERT_EQ(*(volatile uint32_t *)0x8000200000, 1);
	R0_ASSERT_EQ(*(volatile uint32_t *)0x80003ffefc, 1);
	R0_ASSERT_EQ(*(volatile uint32_t *)0x80003fff00, 2);
	R0_ASSERT_EQ(*(volatile uint32_t *)r0_direct(0x80003fff00), 2);
}

/* SPDX-License-Identifier: MIT */
/*
 * Code in unusual places, of instructions that a KVM which emulates ring 0 has completed by the
 * host: code that changes, that crosses pages, that is reached by page tables of the test's own; and
 * string instructions that do not come to their end. SDM vol. 3A, 4.7, 8.1.3; vol. 1, 7.3.9.3.
 */
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/mapping.h"
#include "tests/guest/requirements.h"

#define RIGHTS (R0_PAGE_P | R0_PAGE_RW)

static uint8_t page[4096] __attribute__((aligned(4096)));

/* Each returns 16 bytes from (%rdi), changed. */
SNIPPET(add_twice, "movdqu (%rdi), %xmm0; paddq %xmm0, %xmm0; movdqu %xmm0, (%rdi); ret");
SNIPPET(subtract, "movdqu (%rdi), %xmm0; psubq %xmm0, %xmm0; movdqu %xmm0, (%rdi); ret");

static uint8_t *map_code(void)
{
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	return (uint8_t *)MAPPING_TEST;
}

static uint64_t run_at(const void *code)
{
	uint64_t numbers[2] = { 21, 0 };
	void (*function)(uint64_t * numbers);

	memcpy(&function, &code, sizeof(function));
	function(numbers);
	return numbers[0];
}

R0_TEST(code, may_change, .when = executes_sse)
{
	uint8_t *code = map_code();

	memcpy(code, add_twice, (size_t)(add_twice_end - add_twice));
	R0_ASSERT_EQ(run_at(code), 42);
	memcpy(code, subtract, (size_t)(subtract_end - subtract));
	R0_ASSERT_EQ(run_at(code), 0);
	memcpy(code, add_twice, (size_t)(add_twice_end - add_twice));
	R0_ASSERT_EQ(run_at(code), 42);
}

/* PADDQ's opcode is D4, PSUBQ's FB: a store makes the instruction right behind it the other. */
SNIPPET(change_itself, "movdqu (%rdi), %xmm0\n"
		       "movd %esi, %xmm1\n"
		       "movd %xmm1, 1f+2(%rip)\n"
		       "1: paddq %xmm0, %xmm0\n"
		       "movdqu %xmm0, (%rdi); ret");

R0_TEST(code, may_change_itself, .when = executes_sse)
{
	uint8_t *code = map_code();
	uint64_t numbers[2] = { 21, 0 };
	void (*function)(uint64_t * numbers, uint32_t bytes);

	memcpy(code, change_itself, (size_t)(change_itself_end - change_itself));
	memcpy(&function, &code, sizeof(function));
	/* FB C0: PSUBQ %xmm0, %xmm0; then the first two bytes of what follows, as they are. */
	function(numbers, 0x0ff3c0fb);
	R0_ASSERT_EQ(numbers[0], 0);
}

R0_TEST(code, crosses_into_a_present_page, .when = executes_sse)
{
	static uint8_t next[4096] __attribute__((aligned(4096)));
	uint8_t *code = map_code();
	size_t size = (size_t)(add_twice_end - add_twice);

	map(MAPPING_TEST + 0x1000, 1, r0_physical(next) | RIGHTS);
	for (size_t split = 1; split < size; split++) {
		memcpy(code + 0x1000 - split, add_twice, size);
		R0_ASSERT_EQ(run_at(code + 0x1000 - split), 42);
	}
}

/* The fault is the fetch's, at the first byte that is not there. */
R0_TEST(code, crosses_into_an_absent_page, .when = executes_sse)
{
	uint8_t *code = map_code();
	uint64_t numbers[2] = { 21, 0 };
	struct r0_fault fault;

	map(MAPPING_TEST + 0x1000, 1, 0);
	for (size_t split = 1; split < 4; split++) {
		void (*function)(void *arg);
		uint8_t *start = code + 0x1000 - split;

		memcpy(start, add_twice, split);
		memcpy(&function, &start, sizeof(function));
		fault = r0_try(function, numbers);
		R0_ASSERT_EQ(fault.vector, R0_PF);
		R0_ASSERT_EQ(fault.error_code, R0_PF_ID);
		R0_ASSERT_EQ(fault.rip, (uint64_t)start);
		R0_ASSERT_EQ(fault.cr2, MAPPING_TEST + 0x1000);
	}
}

/* All of it by tables that are the test's own, from the highest level down. */
R0_TEST(code, by_other_page_tables, .when = executes_sse)
{
	static uint64_t pml4[512] __attribute__((aligned(4096)));
	static uint8_t data[4096] __attribute__((aligned(4096)));
	uint8_t *code = map_code();
	uint64_t *numbers = (uint64_t *)(MAPPING_TEST + 0x1000);
	void (*function)(uint64_t * numbers);

	memcpy(pml4, r0_direct(r0_read_cr3() & R0_CR3_ADDRESS), sizeof(pml4));
	r0_write_cr3(r0_physical(pml4));
	memcpy(code, add_twice, (size_t)(add_twice_end - add_twice));
	map(MAPPING_TEST + 0x1000, 1, r0_physical(data) | RIGHTS);
	*(volatile uint64_t *)numbers = 21;
	memcpy(&function, &code, sizeof(function));
	function(numbers);
	R0_ASSERT_EQ(*(volatile uint64_t *)numbers, 42);
	/* The same address is another page now. */
	map(MAPPING_TEST, 1, r0_physical(data) | RIGHTS);
	r0_invlpg(code);
	memcpy(code, subtract, (size_t)(subtract_end - subtract));
	map(MAPPING_TEST + 0x1000, 1, r0_physical(page) | RIGHTS);
	r0_invlpg(numbers);
	function(numbers);
	R0_ASSERT_EQ(*(volatile uint64_t *)numbers, 0);
}

ROUTINE(fill_without_end, "movq $-1, %rcx; movb $0x5a, %al; cld", "rep stosb", "");
ROUTINE(copy_without_end, "movq $-1, %rcx; movq %rdi, %rsi; cld", "rep movsb", "");

/* A count that no memory is large enough for: it ends at the first byte that is not there. */
R0_TEST(code, string_of_any_length)
{
	const struct landing *landing;

	map_code();
	map(MAPPING_TEST + 0x1000, 1, 0);
	landing = land(fill_without_end, (void *)MAPPING_TEST);
	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.error_code, R0_PF_WR);
	R0_ASSERT_EQ(landing->frame.rip, (uint64_t)fill_without_end_at);
	R0_ASSERT_EQ(landing->frame.rdi, MAPPING_TEST + 0x1000);
	R0_ASSERT_EQ(landing->frame.rcx, UINT64_MAX - 0x1000);
	R0_ASSERT_EQ(page[0], 0x5a);
	R0_ASSERT_EQ(page[0xfff], 0x5a);
	landing = land(copy_without_end, (void *)(MAPPING_TEST + 0xf00));
	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.rip, (uint64_t)copy_without_end_at);
	R0_ASSERT_EQ(landing->frame.rcx, UINT64_MAX - 0x100);
}

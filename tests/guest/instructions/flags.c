/* SPDX-License-Identifier: MIT */
/*
 * RFLAGS: which bits can be written in which ring. SDM vol. 1, 3.4.3, and vol. 2B, POPF; APM
 * vol. 2, 3.1.6.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/requirements.h"

R0_TEST(flags, at_entry)
{
	/* The arithmetic flags are whatever the entry code left. */
	uint64_t arithmetic = R0_RFLAGS_CF | R0_RFLAGS_PF | R0_RFLAGS_AF | R0_RFLAGS_ZF |
			      R0_RFLAGS_SF | R0_RFLAGS_OF;

	R0_ASSERT_EQ(r0_read_rflags() & ~arithmetic, R0_RFLAGS_FIXED);
}

static const uint64_t writable[] = { R0_RFLAGS_CF, R0_RFLAGS_PF,      R0_RFLAGS_AF,
				     R0_RFLAGS_ZF, R0_RFLAGS_SF,      R0_RFLAGS_IF,
				     R0_RFLAGS_DF, R0_RFLAGS_OF,      R0_RFLAGS_NT,
				     R0_RFLAGS_AC, R0_RFLAGS_IOPL(1), R0_RFLAGS_IOPL(3),
				     R0_RFLAGS_ID };

/* Store what PUSHF has right after POPF of (%rdi), and clear all again. */
ROUTINE(swap_flags, "pushq (%rdi); popfq", "pushfq", "popq (%rdi); pushq $2; popfq");

R0_TEST(flags, popf_writes, .params = R0_PARAMS(writable))
{
	uint64_t flag = R0_PARAM(const uint64_t), value = R0_RFLAGS_FIXED | flag;

	swap_flags(&value);
	R0_ASSERT_EQ(value, R0_RFLAGS_FIXED | flag);
}

/* Reserved bits keep their values; RF and VM are clear in what PUSHF stores. */
R0_TEST(flags, popf_leaves_reserved_bits)
{
	uint64_t value = R0_RFLAGS_RESERVED & 0xffffffff;

	swap_flags(&value);
	R0_ASSERT_EQ(value, R0_RFLAGS_FIXED);
	value = R0_RFLAGS_RF;
	swap_flags(&value);
	R0_ASSERT_EQ(value, R0_RFLAGS_FIXED);
}

RING3_ROUTINE(swap_flags_in_ring_3, "pushq (%rdi); popfq", "pushfq", "popq %rax; pushq $2; popfq");

/* Ring 3 with IOPL 0 changes neither IF nor IOPL, without a fault: SDM vol. 2B, POPF. */
R0_TEST(flags, popf_in_ring_3_leaves_if_and_iopl, .when = ring_3_has_the_guests_flags)
{
	static uint64_t value;
	struct r0_fault fault;

	value = R0_RFLAGS_FIXED | R0_RFLAGS_CF | R0_RFLAGS_IF | R0_RFLAGS_IOPL(3);
	fault = r0_user_call(swap_flags_in_ring_3, &value);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, R0_RFLAGS_FIXED | R0_RFLAGS_CF);
}

RING3_ROUTINE(cli_in_ring_3, "", "cli", "");
RING3_ROUTINE(sti_in_ring_3, "", "sti", "");

R0_TEST(flags, cli_and_sti_need_iopl)
{
	struct r0_fault fault = r0_user_call(cli_in_ring_3, NULL);

	ASSERT_FAULT_AT(fault, R0_GP, 0, cli_in_ring_3_at);
	fault = r0_user_call(sti_in_ring_3, NULL);
	ASSERT_FAULT_AT(fault, R0_GP, 0, sti_in_ring_3_at);
}

R0_TEST(flags, stac_and_clac_change_ac, .when = executes_clac_and_stac)
{
	r0_stac();
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_AC, R0_RFLAGS_AC);
	r0_clac();
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_AC, 0);
}

/* AH holds SF, ZF, AF, PF and CF, with bit 1 set: SDM vol. 2A, LAHF. */
R0_TEST(flags, lahf_and_sahf_move_flags, .when = executes_lahf_and_sahf)
{
	uint64_t rax = 0xff00;

	__asm__ volatile("sahf; movl $0, %%eax; lahf" : "+a"(rax) : : "cc");
	R0_ASSERT_EQ(rax, 0xd700);
	rax = 0;
	__asm__ volatile("sahf; movl $0, %%eax; lahf" : "+a"(rax) : : "cc");
	R0_ASSERT_EQ(rax, 0x0200);
}

/* Arithmetic that sets each of the six: SDM vol. 1, 3.4.3.1. */
static uint64_t flags_of_add(uint8_t a, uint8_t b)
{
	uint64_t rflags;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n"
			 "addb %2, %1\n"
			 "pushfq\n"
			 "popq %0\n"
			 "lea 128(%%rsp), %%rsp"
			 : "=r"(rflags), "+q"(a)
			 : "q"(b)
			 : "cc", "memory");
	return rflags & (R0_RFLAGS_CF | R0_RFLAGS_PF | R0_RFLAGS_AF | R0_RFLAGS_ZF | R0_RFLAGS_SF |
			 R0_RFLAGS_OF);
}

R0_TEST(flags, addition_sets_flags)
{
	R0_ASSERT_EQ(flags_of_add(1, 1), 0);
	R0_ASSERT_EQ(flags_of_add(1, 2), R0_RFLAGS_PF);
	R0_ASSERT_EQ(flags_of_add(0xff, 1),
		     R0_RFLAGS_CF | R0_RFLAGS_PF | R0_RFLAGS_AF | R0_RFLAGS_ZF);
	R0_ASSERT_EQ(flags_of_add(0x7f, 1), R0_RFLAGS_AF | R0_RFLAGS_SF | R0_RFLAGS_OF);
	R0_ASSERT_EQ(flags_of_add(0x80, 0x80),
		     R0_RFLAGS_CF | R0_RFLAGS_PF | R0_RFLAGS_ZF | R0_RFLAGS_OF);
	R0_ASSERT_EQ(flags_of_add(0x0f, 1), R0_RFLAGS_AF);
	R0_ASSERT_EQ(flags_of_add(0xf0, 0x0e), R0_RFLAGS_SF);
}

R0_TEST(flags, df_turns_string_instructions_around)
{
	static uint8_t from[4] = { 1, 2, 3, 4 };
	static uint8_t to[4];
	const uint8_t *source = from + 3;
	uint8_t *target = to + 3;
	uint64_t length = 3;

	__asm__ volatile("std; rep movsb; cld"
			 : "+S"(source), "+D"(target), "+c"(length)
			 :
			 : "memory");
	R0_ASSERT_EQ(source, from);
	R0_ASSERT_EQ(target, to);
	R0_ASSERT_EQ(length, 0);
	R0_ASSERT_EQ(to[0], 0);
	R0_ASSERT_MEMEQ(to + 1, from + 1, 3);
}

/* PUSHF takes the flag that POPF sets; an exception's image the same. */
ROUTINE(undefined_with_flags, "pushq (%rdi); popfq", "ud2", "");

R0_TEST(flags, image_of_an_exception_has_them, .params = R0_PARAMS(writable))
{
	uint64_t flag = R0_PARAM(const uint64_t), value = R0_RFLAGS_FIXED | flag;
	const struct landing *landing = land(undefined_with_flags, &value);

	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rflags & ~R0_RFLAGS_RF, R0_RFLAGS_FIXED | flag);
}

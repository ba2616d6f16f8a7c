/* SPDX-License-Identifier: MIT */
/* Linux's decoder of instructions: arch/x86/lib/insn.c and inat.c. */
#include <linux/kernel.h>
#include <asm/insn.h>
#include "gs.h"

R0_TEST(insn, length_of_mov, GS)
{
	const unsigned char code[15] = { 0x48, 0x8b, 0x05, 1, 2, 3, 4 };
	struct insn insn;

	R0_ASSERT_EQ(insn_decode(&insn, code, sizeof(code), INSN_MODE_64), 0);
	R0_ASSERT_EQ(insn.length, 7);
}

R0_TEST(insn, length_of_vex, GS)
{
	const unsigned char code[15] = { 0xc5, 0xf9, 0xef, 0xc0 };
	struct insn insn;

	R0_ASSERT_EQ(insn_decode(&insn, code, sizeof(code), INSN_MODE_64), 0);
	R0_ASSERT_EQ(insn.length, 4);
}

R0_TEST(insn, that_is_cut, GS)
{
	const unsigned char code[15] = { 0xe8, 1 };
	struct insn insn;

	R0_ASSERT_LT(insn_decode(&insn, code, 2, INSN_MODE_64), 0);
}

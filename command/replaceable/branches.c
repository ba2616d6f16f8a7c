/* SPDX-License-Identifier: MIT */
/* Branches in code of x86 and of arm64: see branches.h. */
#include "command/replaceable/branches.h"
#include <elf.h>
#include <string.h>

unsigned int branches_first_bytes(uint16_t machine)
{
	/* A B; a jump of five bytes, with an ENDBR64 before it. */
	return machine == EM_AARCH64 ? 4 : 9;
}

/* Those that have the distance in their last four bytes: SDM vol. 2A, CALL, JMP, Jcc. */
static bool x86(const uint8_t *code, size_t size, uint64_t address, size_t at,
		struct branch *branch)
{
	int32_t distance;

	if (at + 5 > size)
		return false;
	if (code[at] == 0xe8)
		branch->kind = BRANCH_CALL;
	else if (code[at] == 0xe9)
		branch->kind = BRANCH_JUMP;
	else if (at && code[at - 1] == 0x0f && (code[at] & 0xf0) == 0x80)
		branch->kind = BRANCH_CONDITIONAL;
	else
		return false;
	memcpy(&distance, code + at + 1, sizeof(distance));
	branch->target = address + at + 5 + (uint64_t)(int64_t)distance;
	return true;
}

/* Arm ARM, C4.1: B and BL; B.cond, CBZ and CBNZ; TBZ and TBNZ. */
static bool arm64(const uint8_t *code, size_t size, uint64_t address, size_t at,
		  struct branch *branch)
{
	unsigned int shift = 5, bits = 19;
	int32_t distance;
	uint32_t word;

	if (at % sizeof(word) || at + sizeof(word) > size)
		return false;
	memcpy(&word, code + at, sizeof(word));
	branch->kind = BRANCH_CONDITIONAL;
	if ((word & 0x7c000000) == 0x14000000) {
		branch->kind = word >> 31 ? BRANCH_CALL : BRANCH_JUMP;
		shift = 0;
		bits = 26;
	} else if ((word & 0x7e000000) == 0x36000000) {
		bits = 14;
	} else if ((word & 0xff000000) != 0x54000000 && (word & 0x7e000000) != 0x34000000) {
		return false;
	}
	distance = (int32_t)(word >> shift << (32 - bits)) >> (32 - bits);
	branch->target = address + at + (uint64_t)(int64_t)distance * sizeof(word);
	return true;
}

bool branches_next(uint16_t machine, const uint8_t *code, size_t size, uint64_t address, size_t *at,
		   struct branch *branch)
{
	while (*at < size) {
		const size_t offset = (*at)++;

		if (machine == EM_AARCH64 ? arm64(code, size, address, offset, branch) :
					    x86(code, size, address, offset, branch))
			return true;
	}
	return false;
}

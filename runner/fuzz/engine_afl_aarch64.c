/* SPDX-License-Identifier: MIT */
/* Calls in code: BL (Arm Architecture Reference Manual, C6.2). */
#include <string.h>
#include "runner/fuzz/engine_afl.h"

#define BL	0x94000000u
#define BL_MASK 0xfc000000u

bool engine_afl_calls(const uint8_t *start, const uint8_t *end, uint64_t function)
{
	const uint8_t *at;
	uint32_t instruction;

	for (at = start; at + sizeof(instruction) <= end; at += sizeof(instruction)) {
		memcpy(&instruction, at, sizeof(instruction));
		/* 26 bits, in instructions, with their sign. */
		if ((instruction & BL_MASK) == BL &&
		    (uint64_t)at + (uint64_t)(int64_t)((int32_t)(instruction << 6) >> 4) ==
			    function)
			return true;
	}
	return false;
}

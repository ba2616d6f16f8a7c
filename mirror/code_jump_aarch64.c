/* SPDX-License-Identifier: MIT */
/*
 * LDR to X16, which is free between a call and the function (AAPCS64, 6.1.1), of an address that is kept behind the
 * BR. Encodings: Arm ARM, C6.2.
 */
#include "mirror/code_jump.h"
#include <string.h>

#define LDR_X16_8 0x58000050u
#define BR_X16	  0xd61f0200u

size_t code_jump(uint8_t *to, uint64_t target)
{
	static const uint32_t jump[] = { LDR_X16_8, BR_X16 };

	memcpy(to, jump, sizeof(jump));
	memcpy(to + sizeof(jump), &target, sizeof(target));
	return sizeof(jump) + sizeof(target);
}

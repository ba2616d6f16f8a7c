/* SPDX-License-Identifier: MIT */
/* JMP to an address that is kept behind it, so that no register is needed. SDM vol. 2A, "JMP". */
#include "mirror/code_jump.h"
#include <string.h>

size_t code_jump(uint8_t *to, uint64_t target)
{
	static const uint8_t jump[] = { 0xff, 0x25, 0, 0, 0, 0 };

	memcpy(to, jump, sizeof(jump));
	memcpy(to + sizeof(jump), &target, sizeof(target));
	return sizeof(jump) + sizeof(target);
}

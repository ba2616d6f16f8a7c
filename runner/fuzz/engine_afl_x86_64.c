/* SPDX-License-Identifier: MIT */
/* Calls in code: CALL rel32 (SDM vol. 2A). A distance of these bytes that is none would be a coincidence. */
#include <string.h>
#include "runner/fuzz/engine_afl.h"

#define CALL	  0xe8
#define CALL_SIZE 5

bool engine_afl_calls(const uint8_t *start, const uint8_t *end, uint64_t function)
{
	const uint8_t *at = start;

	while (at + CALL_SIZE <= end &&
	       (at = memchr(at, CALL, (size_t)(end - at - CALL_SIZE + 1)))) {
		int32_t distance;

		memcpy(&distance, at + 1, sizeof(distance));
		if ((uint64_t)at + CALL_SIZE + (uint64_t)(int64_t)distance == function)
			return true;
		at++;
	}
	return false;
}

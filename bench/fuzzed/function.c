/* SPDX-License-Identifier: MIT */
/* What is fuzzed, in ring 0 and in processes: some 84 instructions for 16 bytes of input, in the same way whatever they are. */
#include "function.h"

unsigned int fuzzed_function(const uint8_t *data, size_t size)
{
	unsigned int sum = 0;
	size_t i;

	for (i = 0; i < 16 && i < size; i++)
		sum = sum * 31 ^ data[i];
	return sum;
}

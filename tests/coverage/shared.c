/* SPDX-License-Identifier: MIT */
/* A library's counters are its own. */
#include "subject.h"

unsigned int shared_bits(uint64_t value)
{
	unsigned int bits = 0;

	for (; value; value >>= 1)
		if (value & 1)
			bits++;
	return bits;
}

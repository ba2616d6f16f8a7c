/* SPDX-License-Identifier: MIT */
#include "tests/image/chosen.h"

/* The dynamic linker takes one of two, by CPUID. */
__attribute__((target_clones("default", "popcnt"))) unsigned int chosen_count(unsigned int bits)
{
	return (unsigned int)__builtin_popcount(bits);
}

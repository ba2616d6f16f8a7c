/* SPDX-License-Identifier: MIT */
#include "tests/image/chosen.h"

typedef unsigned int count_function(unsigned int bits);

static unsigned int count_plainly(unsigned int bits)
{
	return (unsigned int)__builtin_popcount(bits);
}

__attribute__((target("popcnt"))) static unsigned int count_by_popcnt(unsigned int bits)
{
	return (unsigned int)__builtin_popcount(bits);
}

/* The dynamic linker calls it before any constructor; Clang doesn't see that as a use. */
__attribute__((used)) static count_function *choose_count(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("popcnt") ? count_by_popcnt : count_plainly;
}

/* Not by target_clones: Clang 14 calls what that makes chosen_count.ifunc, and exports no chosen_count. */
unsigned int chosen_count(unsigned int bits) __attribute__((ifunc("choose_count")));

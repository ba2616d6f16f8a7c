/* SPDX-License-Identifier: MIT */
/* Empty tests in ring 0. */
#include <ring0.h>
#include "bench/many.h"

#define TEST(number)              \
	R0_TEST(bench, _##number) \
	{                         \
	}

MANY(TEST)

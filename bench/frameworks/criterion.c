/* SPDX-License-Identifier: MIT */
/* The same empty tests in Criterion, each in a process of its own. */
#include <criterion/criterion.h>
#include "bench/many.h"

#define TEST(number)           \
	Test(bench, _##number) \
	{                      \
	}

MANY(TEST)

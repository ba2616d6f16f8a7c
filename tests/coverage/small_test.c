/* SPDX-License-Identifier: MIT */
/* Two tests that pass, for what becomes of their counts. */
#include <ring0.h>

static volatile int three = 3;

static int side(int number)
{
#ifdef OTHER
	if (number == 100)
		return -1;
#endif
	return number > three ? 1 : 2;
}

R0_TEST(small, above)
{
	R0_ASSERT_EQ(side(5), 1);
}

R0_TEST(small, below)
{
	R0_ASSERT_EQ(side(1), 2);
}

/* SPDX-License-Identifier: MIT */
/* Built for a CPU that not every machine has, with a library whose function is chosen by the CPU it starts on. */
#include <ring0.h>
#include "tests/image/chosen.h"

R0_TEST(newer, runs)
{
	R0_ASSERT_EQ(chosen_count(7), 3);
}

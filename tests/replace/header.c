/* SPDX-License-Identifier: MIT */
/* A function of a header, of which another file may have a copy: it is compiled so that this can't be told. */
#include <ring0.h>
#include "refused.h"

static int fake(int a)
{
	return a;
}

R0_TEST(header, has_a_copy, .replace = R0_REPLACE((of_a_header, fake)))
{
	R0_ASSERT_EQ(calls_of_a_header(1), 1);
}

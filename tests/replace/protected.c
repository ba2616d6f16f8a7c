/* SPDX-License-Identifier: MIT */
/* A function whose callers, with -fPIC alone, rely on what it does: its symbol is protected. */
#include <ring0.h>
#include "code.h"

static int fake_kept(int a)
{
	return a;
}

R0_TEST(kept, is_replaced, .replace = R0_REPLACE((kept, fake_kept)))
{
	R0_ASSERT_EQ(calls_kept(1), 2);
}

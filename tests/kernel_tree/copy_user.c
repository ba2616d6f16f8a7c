/* SPDX-License-Identifier: MIT */
/* Assembly with __ex_table: arch/x86/lib/copy_user_64.S and memcpy_64.S. */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <ring0/linux.h>
#include "gs.h"

static void obey_tables(void)
{
	R0_LINUX_EX_TABLE();
}

R0_TEST(memcpy, copies, GS)
{
	char from[40] = "0123456789abcdefghijklmnopqrstuvwxyz", to[40];

	__memcpy(to, from, 37);
	R0_ASSERT_STREQ(to, from);
}

R0_TEST(copy_user, copies, GS, .setup = obey_tables)
{
	char from[40] = "0123456789abcdefghijklmnopqrstuvwxyz", to[40];

	R0_ASSERT_EQ(copy_user_generic_unrolled(to, from, 37), 0);
	R0_ASSERT_STREQ(to, from);
}

/* From a page that is not there: how much is left is the result. */
R0_TEST(copy_user, tells_what_is_left, GS, .setup = obey_tables)
{
	char to[64];

	R0_ASSERT_EQ(copy_user_generic_unrolled(to, (void *)0x1000, 37), 37);
	R0_ASSERT_EQ(copy_user_enhanced_fast_string(to, (void *)0x1000, 37), 37);
}

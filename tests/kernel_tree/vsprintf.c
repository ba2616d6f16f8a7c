/* SPDX-License-Identifier: MIT */
/* Names that libc has, too: lib/vsprintf.c and lib/string.c. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "gs.h"

R0_TEST(string, strscpy_cuts, GS)
{
	char text[4];

	R0_ASSERT_EQ(strscpy(text, "ring0", sizeof(text)), -E2BIG);
	R0_ASSERT_STREQ(text, "rin");
}

R0_TEST(vsprintf, numbers, GS)
{
	char text[64];

	R0_ASSERT_EQ(snprintf(text, sizeof(text), "%d %#x %s", -5, 255u, "x"), 9);
	R0_ASSERT_STREQ(text, "-5 0xff x");
}

/* What only the kernel's has. */
R0_TEST(vsprintf, hardware_address, GS)
{
	const u8 address[] = { 1, 2, 3, 4, 5, 6 };
	char text[64];

	snprintf(text, sizeof(text), "%pM", address);
	R0_ASSERT_STREQ(text, "01:02:03:04:05:06");
}

/* SPDX-License-Identifier: MIT */
/* Compiled as the kernel is, with its own headers. */
#include <kernel.h>
#include <ring0.h>
#include "kernel_objects.h"

static char areas[1][R0_STUBS_GS_SIZE];

R0_TEST(text, digit, .gs = R0_STUBS_GS(areas))
{
	char text[2];

	R0_ASSERT_EQ(snprintf(text, KERNEL_BASE - 9), 1);
	R0_ASSERT_STREQ(text, "1");
}

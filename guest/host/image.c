/* SPDX-License-Identifier: MIT */
/* Whether a test runs mirrored, in a VM, or in a program that was booted as an image. */
#include <ring0.h>

/* What image/ writes is a copy in which it is true. */
bool r0_image __attribute__((visibility("hidden")));

static bool is_image(void)
{
	return *(volatile bool *)&r0_image;
}

bool r0_is_image(void)
{
	return is_image();
}

bool r0_is_mirrored(void)
{
	return !is_image();
}

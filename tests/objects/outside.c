/* SPDX-License-Identifier: MIT */
/* What core.c calls, in a file of its own, so that a test may replace it. */
#include "core.h"

int outside_call(int a)
{
	return a + 100;
}

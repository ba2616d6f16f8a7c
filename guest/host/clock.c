/* SPDX-License-Identifier: MIT */
/* The time, by the outside. */
#include <ring0.h>
#include "guest/host/outside.h"
#include "guest/host/require.h"

uint64_t r0_clock(void)
{
	require_guest(__func__);
	return outside->clock();
}

/* SPDX-License-Identifier: MIT */
/* For want of a counter that it knows, QEMU's emulated time stamp counter is its clock, of nanoseconds. */
#include "command/lab/emulators/counter.h"

unsigned long lab_counter_khz(void)
{
	return 1000000;
}

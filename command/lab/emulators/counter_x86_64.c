/* SPDX-License-Identifier: MIT */
/* QEMU's emulated time stamp counter is this host's. */
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "command/lab/emulators/counter.h"

unsigned long lab_counter_khz(void)
{
	struct timespec from, to;
	uint64_t start, end, elapsed;

	clock_gettime(CLOCK_MONOTONIC_RAW, &from);
	start = __builtin_ia32_rdtsc();
	usleep(2000);
	clock_gettime(CLOCK_MONOTONIC_RAW, &to);
	end = __builtin_ia32_rdtsc();
	elapsed = (uint64_t)(to.tv_sec - from.tv_sec) * 1000000000 +
		  (uint64_t)(to.tv_nsec - from.tv_nsec);
	return (unsigned long)((end - start) * 1000000 / elapsed);
}

/* SPDX-License-Identifier: MIT */
/* The time, by the TSC and its frequency. */
#ifndef IMAGE_START_HARDWARE_CLOCK_X86_64_H
#define IMAGE_START_HARDWARE_CLOCK_X86_64_H

#include <ring0/private/types.h>

struct clock {
	uint64_t khz;	  /* of the TSC */
	const char *from; /* how that is known */
};

extern struct clock tsc_clock;

/* Find the frequency out. */
void clock_init(void);

/* Nanoseconds since an unknown moment. */
uint64_t clock_now(void);

/* How many the TSC counts in so many nanoseconds. */
uint64_t clock_ticks(uint64_t nanoseconds);

#endif /* IMAGE_START_HARDWARE_CLOCK_X86_64_H */

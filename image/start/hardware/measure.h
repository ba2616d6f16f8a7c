/* SPDX-License-Identifier: MIT */
/* How fast a counter counts, by one whose frequency is known. */
#ifndef IMAGE_START_HARDWARE_MEASURE_H
#define IMAGE_START_HARDWARE_MEASURE_H

#include <ring0/private/types.h>

/* Both are read as counting up. */
struct measure {
	uint64_t (*known)(void);
	uint64_t (*unknown)(void); /* of 64 bits */
	uint64_t mask;		   /* of the bits that the known one has */
	uint64_t wanted;	   /* ticks of it to count, a small part of the mask */
};

/* Ticks of each in the same time. None of the known one's if it does not count. */
struct measured {
	uint64_t known, unknown;
};

struct measured measure_once(const struct measure *measure);

/*
 * Of some. If the known counter begins anew while the CPU is away, too few of its ticks make the other look too fast:
 * the measurement by which that is the slowest.
 */
struct measured measure_slowest(const struct measure *measure);

#endif /* IMAGE_START_HARDWARE_MEASURE_H */

/* SPDX-License-Identifier: MIT */
/* The one clock that the host goes by, CLOCK_MONOTONIC, and moments of it. Depends on libc alone. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_MS 1000000ull
#define CLOCK_NS_PER_S	1000000000ull

/* Now, in nanoseconds. */
static inline uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Now, in milliseconds. */
static inline uint64_t clock_ms(void)
{
	return clock_ns() / CLOCK_NS_PER_MS;
}

/* A moment of clock_ns(), as waits until it take it. */
static inline struct timespec clock_timespec(uint64_t at_ns)
{
	return (struct timespec){ .tv_sec = (time_t)(at_ns / CLOCK_NS_PER_S),
				  .tv_nsec = (long)(at_ns % CLOCK_NS_PER_S) };
}

#endif /* BASE_CLOCK_H */

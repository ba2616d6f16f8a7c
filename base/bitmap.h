/* SPDX-License-Identifier: MIT */
/* A bit for each of many pages, in words of 64, as KVM's dirty log has them. */
#ifndef BASE_BITMAP_H
#define BASE_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words for that many bits. */
static inline size_t bitmap_words(uint64_t count)
{
	return (size_t)((count + 63) / 64);
}

static inline void bitmap_set(uint64_t *bitmap, uint64_t number)
{
	bitmap[number / 64] |= 1ull << number % 64;
}

/* Those from `first` up to, and without, `end`. */
static inline void bitmap_set_range(uint64_t *bitmap, uint64_t first, uint64_t end)
{
	for (; first < end; first++)
		bitmap_set(bitmap, first);
}

static inline bool bitmap_has(const uint64_t *bitmap, uint64_t number)
{
	return bitmap[number / 64] >> number % 64 & 1;
}

#endif /* BASE_BITMAP_H */

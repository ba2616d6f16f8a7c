/* SPDX-License-Identifier: MIT */
/* Frames of guest-physical memory. */
#include "mirror/frames.h"
#include <stddef.h>
#include "base/address.h"
#include "base/bitmap.h"

uint64_t frames_take(struct frames *frames, uint64_t number)
{
	uint64_t address = frames->base + frames->used * PAGE_SIZE;

	if (number > frames->count - frames->used)
		return 0;
	frames->used += number;
	return address;
}

void *frames_at(const struct frames *frames, uint64_t address)
{
	if (!range_holds(frames->base, frames->count * PAGE_SIZE, address, 1))
		return NULL;
	return frames->bytes + page_floor(address - frames->base);
}

void frames_touch(const struct frames *frames, uint64_t address, uint64_t size)
{
	uint64_t from = address - frames->base;

	if (frames->changed)
		bitmap_set_range(frames->changed, from / PAGE_SIZE,
				 (from + size - 1) / PAGE_SIZE + 1);
}

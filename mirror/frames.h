/* SPDX-License-Identifier: MIT */
/* Frames of guest-physical memory that the host hands out, and which of them it has changed. */
#ifndef MIRROR_FRAMES_H
#define MIRROR_FRAMES_H

#include <stdint.h>

/*
 * Frames of guest-physical memory from `base` on. The first `used` are taken; more are handed out
 * in order, and are zero. A change of a frame sets its bit in `changed`, if there is one;
 * in a mirror, those are its page tables.
 */
struct frames {
	uint8_t *bytes;
	uint64_t base;
	uint64_t count;
	uint64_t used;
	uint64_t *changed;
};

/* Take `number` adjacent frames. Returns the address of the first, or 0 if there are too few left. */
uint64_t frames_take(struct frames *frames, uint64_t number);

/* The frame at a guest-physical address, or NULL if it is none of these. */
void *frames_at(const struct frames *frames, uint64_t address);

/* Bytes from an address on in these frames are changed, or about to be. */
void frames_touch(const struct frames *frames, uint64_t address, uint64_t size);

#endif /* MIRROR_FRAMES_H */

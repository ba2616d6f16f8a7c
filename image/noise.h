/* SPDX-License-Identifier: MIT */
/*
 * What differs from one start of a program to the next, though nothing of it does: the dynamic linker keeps how many
 * cycles it took, and the kernel and it leave times on the stack. Found by comparing two payloads.
 */
#ifndef IMAGE_NOISE_H
#define IMAGE_NOISE_H

#include <stddef.h>
#include <stdint.h>

/* Virtual addresses, where such a word is of no use to anyone. */
struct noise_range {
	uint64_t start, end;
};

#define NOISE_RANGES 8

/* What a program hands over before its payload. */
struct noise_ranges {
	uint64_t count;
	struct noise_range ranges[NOISE_RANGES];
};

/* Those of the calling program: the dynamic linker's data, and the stack. */
void noise_find(struct noise_ranges *ranges);

/*
 * Zero, in `payload`, each word in those ranges that is another in `other`, and in both what depends on the CPU; how
 * many words outside of them differ, too, or -1 if the two are not of one shape.
 */
long noise_remove(uint8_t *payload, size_t size, uint8_t *other, size_t other_size,
		  const struct noise_ranges *ranges);

#endif /* IMAGE_NOISE_H */

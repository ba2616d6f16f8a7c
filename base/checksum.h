/* SPDX-License-Identifier: MIT */
/* A checksum against damage, not against intent. Depends on nothing. */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CHECKSUM_START 0x9e3779b97f4a7c15ull

/*
 * Each step maps sums one to one, for any given word, and words one to one, for any given sum: a change
 * within one word always shows. What is left of the bytes at the end counts as a word of its own,
 * filled up with zeros and their number.
 */
static inline uint64_t checksum(uint64_t sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t word;

	for (; size >= sizeof(word); bytes += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum = (sum ^ word) * 0x2545f4914f6cdd1dull;
		sum = sum << 29 | sum >> 35;
	}
	if (!size)
		return sum;
	word = (uint64_t)size << 56;
	memcpy(&word, bytes, size);
	sum = (sum ^ word) * 0x2545f4914f6cdd1dull;
	return sum << 29 | sum >> 35;
}

#endif /* BASE_CHECKSUM_H */

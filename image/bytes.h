/* SPDX-License-Identifier: MIT */
/* Bytes that become more. Depends on libc alone. */
#ifndef IMAGE_BYTES_H
#define IMAGE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data; /* for free() */
	size_t size, capacity;
	bool failed; /* there was no memory for some */
};

void bytes_append(struct bytes *bytes, const void *data, size_t size);

/* Append zeros, up to a multiple of `alignment`, which is at most 4096. */
void bytes_align(struct bytes *bytes, size_t alignment);

#endif /* IMAGE_BYTES_H */

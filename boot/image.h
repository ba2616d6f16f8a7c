/* SPDX-License-Identifier: MIT */
/*
 * A file in memory, and the one checked way to its bytes: it may say anything of itself. Depends on
 * base/address.h.
 */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <stddef.h>
#include <string.h>
#include "base/address.h"

struct boot_image {
	const uint8_t *data; /* not owned; of any alignment */
	uint64_t size;
};

/* The bytes [offset, offset + size), or NULL unless all of them are there. */
static inline const uint8_t *boot_image_at(const struct boot_image *image, uint64_t offset,
					   uint64_t size)
{
	return range_holds(0, image->size, offset, size) ? image->data + offset : NULL;
}

/* Copy them, if all are there. */
static inline bool boot_image_read(const struct boot_image *image, uint64_t offset, void *to,
				   size_t size)
{
	const uint8_t *from = boot_image_at(image, offset, size);

	if (from)
		memcpy(to, from, size);
	return from;
}

#endif /* BOOT_IMAGE_H */

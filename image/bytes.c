/* SPDX-License-Identifier: MIT */
#include "image/bytes.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 4096

void bytes_append(struct bytes *bytes, const void *data, size_t size)
{
	if (!size)
		return;
	if (bytes->size + size > bytes->capacity) {
		size_t capacity = 2 * (bytes->size + size) + FIRST_CAPACITY;
		uint8_t *grown = realloc(bytes->data, capacity);

		if (!grown) {
			bytes->failed = true;
			return;
		}
		bytes->data = grown;
		bytes->capacity = capacity;
	}
	memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
}

void bytes_align(struct bytes *bytes, size_t alignment)
{
	static const uint8_t zeros[4096];

	bytes_append(bytes, zeros, (alignment - bytes->size % alignment) % alignment);
}

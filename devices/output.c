/* SPDX-License-Identifier: MIT */
/* Keeping the last bytes of an output. Depends on libc alone. */
#include "devices/output.h"
#include <string.h>

void capture_init(struct capture *capture, void *bytes, size_t capacity)
{
	*capture = (struct capture){ .bytes = bytes, .capacity = capacity };
}

static void capture_write(void *context, const void *bytes, size_t size)
{
	struct capture *capture = context;
	const uint8_t *from = bytes;
	size_t at, part;

	capture->total += size;
	if (size > capture->capacity) {
		from += size - capture->capacity;
		size = capture->capacity;
	}
	at = (capture->total - size) % capture->capacity;
	part = size < capture->capacity - at ? size : capture->capacity - at;
	memcpy(capture->bytes + at, from, part);
	memcpy(capture->bytes, from + part, size - part);
}

struct output capture_output(struct capture *capture)
{
	return (struct output){ capture_write, capture };
}

size_t capture_read(const struct capture *capture, uint64_t from, void *to, size_t size)
{
	uint64_t kept = capture->total < capture->capacity ? capture->total : capture->capacity;
	size_t at, part;

	if (from > capture->total)
		return 0;
	if (capture->total - from > kept)
		from = capture->total - kept;
	if (size > capture->total - from)
		size = capture->total - from;
	at = from % capture->capacity;
	part = size < capture->capacity - at ? size : capture->capacity - at;
	memcpy(to, capture->bytes + at, part);
	memcpy((uint8_t *)to + part, capture->bytes, size - part);
	return size;
}

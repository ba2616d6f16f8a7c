/* SPDX-License-Identifier: MIT */
/* All but the pages is little, and stays as it is: the start-up code reads it where it lies. */
#include "image/pack.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "image/lz4.h"
#include "image/start/payload/format.h"

#define PAGE 4096

int pack_payload(const uint8_t *payload, uint8_t **packed, size_t *size, struct error *error)
{
	const size_t summed = offsetof(struct image_payload, runs_at);
	struct image_payload header;
	uint8_t *bytes;

	memcpy(&header, payload, sizeof(header));
	bytes = calloc(1, header.pages_at + LZ4_ROOM(header.page_count * PAGE) + sizeof(uint64_t));
	if (bytes)
		header.packed_size = lz4_compress(payload + header.pages_at,
						  header.page_count * PAGE,
						  bytes + header.pages_at);
	if (!bytes || !header.packed_size) {
		free(bytes);
		return error_set(error, ENOMEM, "no memory to pack an image of %zu KiB",
				 (size_t)header.size >> 10);
	}
	/* A multiple of 8, for the checksum. */
	header.size = (header.pages_at + header.packed_size + 7) & ~7ull;
	memcpy(bytes, payload, header.pages_at);
	memcpy(bytes, &header, sizeof(header));
	header.checksum = image_checksum(bytes + summed, header.size - summed);
	memcpy(bytes, &header, sizeof(header));
	*packed = bytes;
	*size = header.size;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* github.com/lz4/lz4, doc/lz4_Block_format.md. Nothing is read or written beyond the ends. */
#include "image/start/payload/unpack.h"
#include "guest/text/bytes.h"

#define MATCH_MIN 4

struct reader {
	const uint8_t *at, *end;
	bool failed;
};

static uint8_t next(struct reader *reader)
{
	if (reader->at == reader->end) {
		reader->failed = true;
		return 0;
	}
	return *reader->at++;
}

/* A length of which a token has four bits; 15 says that there is more. */
static size_t read_length(struct reader *reader, unsigned int bits)
{
	size_t length = bits;
	uint8_t more;

	if (bits < 15)
		return length;
	do {
		more = next(reader);
		length += more;
	} while (more == 255);
	return length;
}

/* It may overlap what it makes, and repeats then. */
static void copy_match(uint8_t *to, size_t distance, size_t length)
{
	if (distance >= length) {
		copy_bytes(to, to - distance, length);
		return;
	}
	for (; length; length--, to++)
		*to = *(to - distance);
}

bool unpack(const void *block, size_t block_size, void *to, size_t size)
{
	struct reader reader = { .at = block, .end = (const uint8_t *)block + block_size };
	uint8_t *start = to, *at = to, *end = at + size;

	while (reader.at < reader.end) {
		const uint8_t token = next(&reader);
		size_t length = read_length(&reader, token >> 4), distance;

		if (reader.failed || length > (size_t)(reader.end - reader.at) ||
		    length > (size_t)(end - at))
			return false;
		copy_bytes(at, reader.at, length);
		at += length;
		reader.at += length;
		/* The last sequence has no match. */
		if (reader.at == reader.end)
			return at == end;
		distance = next(&reader);
		distance |= (size_t)next(&reader) << 8;
		length = read_length(&reader, token & 15) + MATCH_MIN;
		if (reader.failed || !distance || distance > (size_t)(at - start) ||
		    length > (size_t)(end - at))
			return false;
		copy_match(at, distance, length);
		at += length;
	}
	return false;
}

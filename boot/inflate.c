/* SPDX-License-Identifier: MIT */
/* Bits come from the least significant one of each byte on, but for Huffman's codes, whose first bit is their highest. */
#include "boot/inflate.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CODE_BITS_MAX  15
#define LITERALS_MAX   288
#define DISTANCES_MAX  32
#define END_OF_BLOCK   256
#define FIRST_LENGTH   257
#define LENGTHS	       29
#define DISTANCES      30
#define FIRST_ROOM     (1u << 20)
#define HEADER_SIZE    10
#define TRAILER_SIZE   8
#define FLAG_CHECK     2u /* RFC 1952, 2.3.1 */
#define FLAG_EXTRA     4u
#define FLAG_NAME      8u
#define FLAG_COMMENT   16u
#define FLAGS_UNKNOWN  0xe0u
#define METHOD_DEFLATE 8u

struct stream {
	const uint8_t *in;
	size_t size, at;
	uint32_t bits; /* taken from `in` and not used yet */
	unsigned int bit_count;
	uint8_t *out;
	size_t used, room, most;
	int err; /* the first, or 0 */
};

/* Codes by their lengths: how many there are of each, and their symbols in order (RFC 1951, 3.2.2). */
struct codes {
	uint16_t counts[CODE_BITS_MAX + 1];
	uint16_t symbols[LITERALS_MAX];
};

static void fail(struct stream *stream, int err)
{
	if (!stream->err)
		stream->err = err;
}

/* 0 once something is wrong: what goes on has to look. */
static uint32_t take(struct stream *stream, unsigned int count)
{
	uint32_t value;

	while (stream->bit_count < count) {
		if (stream->at == stream->size) {
			fail(stream, -ENOEXEC);
			return 0;
		}
		stream->bits |= (uint32_t)stream->in[stream->at++] << stream->bit_count;
		stream->bit_count += 8;
	}
	value = stream->bits & ((1u << count) - 1);
	stream->bits >>= count;
	stream->bit_count -= count;
	return value;
}

/* Has room for so many bytes more. */
static bool has_room(struct stream *stream, size_t more)
{
	size_t room = stream->room ? stream->room : FIRST_ROOM;
	uint8_t *out;

	if (more > stream->most - stream->used) {
		fail(stream, -EFAULT);
		return false;
	}
	if (more <= stream->room - stream->used)
		return true;
	while (room - stream->used < more)
		room *= 2;
	out = realloc(stream->out, room);
	if (!out) {
		fail(stream, -ENOMEM);
		return false;
	}
	stream->out = out;
	stream->room = room;
	return true;
}

static void make_codes(struct codes *codes, const uint8_t *lengths, unsigned int count)
{
	uint16_t next[CODE_BITS_MAX + 2] = { 0 };
	unsigned int i;

	memset(codes, 0, sizeof(*codes));
	for (i = 0; i < count; i++)
		codes->counts[lengths[i]]++;
	codes->counts[0] = 0;
	for (i = 1; i <= CODE_BITS_MAX; i++)
		next[i + 1] = (uint16_t)(next[i] + codes->counts[i]);
	for (i = 0; i < count; i++)
		if (lengths[i])
			codes->symbols[next[lengths[i]]++] = (uint16_t)i;
}

/* Codes of a length are consecutive, and follow those that are shorter. */
static unsigned int decode(struct stream *stream, const struct codes *codes)
{
	uint32_t code = 0, first = 0, index = 0;
	unsigned int length;

	for (length = 1; length <= CODE_BITS_MAX && !stream->err; length++) {
		code |= take(stream, 1);
		if (code < first + codes->counts[length])
			return codes->symbols[index + code - first];
		index += codes->counts[length];
		first = (first + codes->counts[length]) << 1;
		code <<= 1;
	}
	fail(stream, -ENOEXEC);
	return END_OF_BLOCK;
}

/* What was there before, which may be what this writes. */
static void repeat(struct stream *stream, size_t length, size_t distance)
{
	if (distance > stream->used)
		fail(stream, -ENOEXEC);
	if (stream->err || !has_room(stream, length))
		return;
	for (; length; length--, stream->used++)
		stream->out[stream->used] = stream->out[stream->used - distance];
}

/* RFC 1951, 3.2.5. */
static void copy(struct stream *stream, unsigned int symbol, const struct codes *distances)
{
	static const uint16_t lengths[LENGTHS] = { 3,  4,  5,  6,   7,	 8,   9,   10,	11, 13,
						   15, 17, 19, 23,  27,	 31,  35,  43,	51, 59,
						   67, 83, 99, 115, 131, 163, 195, 227, 258 };
	static const uint8_t length_bits[LENGTHS] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
						      2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
	static const uint16_t starts[DISTANCES] = { 1,	  2,	3,    4,     5,	    7,
						    9,	  13,	17,   25,    33,    49,
						    65,	  97,	129,  193,   257,   385,
						    513,  769,	1025, 1537,  2049,  3073,
						    4097, 6145, 8193, 12289, 16385, 24577 };
	unsigned int which = symbol - FIRST_LENGTH;
	size_t length, distance;

	if (which >= LENGTHS) {
		fail(stream, -ENOEXEC);
		return;
	}
	length = lengths[which] + take(stream, length_bits[which]);
	which = decode(stream, distances);
	if (which >= DISTANCES) {
		fail(stream, -ENOEXEC);
		return;
	}
	distance = starts[which] + take(stream, which < 2 ? 0 : which / 2 - 1);
	repeat(stream, length, distance);
}

static void inflate_block(struct stream *stream, const struct codes *literals,
			  const struct codes *distances)
{
	unsigned int symbol;

	while (!stream->err) {
		symbol = decode(stream, literals);
		if (symbol == END_OF_BLOCK)
			return;
		if (symbol > END_OF_BLOCK)
			copy(stream, symbol, distances);
		else if (has_room(stream, 1))
			stream->out[stream->used++] = (uint8_t)symbol;
	}
}

/* RFC 1951, 3.2.6. */
static void inflate_fixed(struct stream *stream)
{
	struct codes literals, distances;
	uint8_t lengths[LITERALS_MAX];

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	make_codes(&literals, lengths, LITERALS_MAX);
	memset(lengths, 5, DISTANCES_MAX);
	make_codes(&distances, lengths, DISTANCES_MAX);
	inflate_block(stream, &literals, &distances);
}

/* So many code lengths, themselves coded; 16 to 18 repeat one. */
static void take_lengths(struct stream *stream, const struct codes *codes, uint8_t *lengths,
			 unsigned int count)
{
	unsigned int at = 0, symbol, times;
	uint8_t value;

	while (at < count && !stream->err) {
		symbol = decode(stream, codes);
		value = symbol < 16 ? (uint8_t)symbol : symbol == 16 && at ? lengths[at - 1] : 0;
		times = symbol < 16  ? 1 :
			symbol == 16 ? 3 + take(stream, 2) :
			symbol == 17 ? 3 + take(stream, 3) :
				       11 + take(stream, 7);
		if (symbol > 18 || (symbol == 16 && !at) || times > count - at) {
			fail(stream, -ENOEXEC);
			return;
		}
		memset(lengths + at, value, times);
		at += times;
	}
}

/* RFC 1951, 3.2.7. */
static void inflate_dynamic(struct stream *stream)
{
	static const uint8_t order[19] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
					   11, 4,  12, 3, 13, 2, 14, 1, 15 };
	const unsigned int literal_count = take(stream, 5) + 257,
			   distance_count = take(stream, 5) + 1;
	const unsigned int order_count = take(stream, 4) + 4;
	uint8_t lengths[LITERALS_MAX + DISTANCES_MAX] = { 0 };
	struct codes literals, distances;
	unsigned int i;

	if (literal_count > LITERALS_MAX) {
		fail(stream, -ENOEXEC);
		return;
	}
	for (i = 0; i < order_count; i++)
		lengths[order[i]] = (uint8_t)take(stream, 3);
	make_codes(&literals, lengths, sizeof(order));
	memset(lengths, 0, sizeof(lengths));
	take_lengths(stream, &literals, lengths, literal_count + distance_count);
	make_codes(&literals, lengths, literal_count);
	make_codes(&distances, lengths + literal_count, distance_count);
	inflate_block(stream, &literals, &distances);
}

/* From the next byte on: its length, the same inverted, and the bytes. */
static void inflate_stored(struct stream *stream)
{
	size_t length;

	stream->at -= stream->bit_count / 8;
	stream->bits = stream->bit_count = 0;
	length = take(stream, 16);
	if (take(stream, 16) != (length ^ 0xffff) || length > stream->size - stream->at)
		fail(stream, -ENOEXEC);
	if (stream->err || !has_room(stream, length))
		return;
	if (length)
		memcpy(stream->out + stream->used, stream->in + stream->at, length);
	stream->used += length;
	stream->at += length;
}

static void inflate(struct stream *stream)
{
	bool is_last;

	do {
		is_last = take(stream, 1);
		switch (take(stream, 2)) {
		case 0:
			inflate_stored(stream);
			break;
		case 1:
			inflate_fixed(stream);
			break;
		case 2:
			inflate_dynamic(stream);
			break;
		default:
			fail(stream, -ENOEXEC);
			break;
		}
	} while (!is_last && !stream->err);
	stream->at -= stream->bit_count / 8;
}

static uint32_t checksum(const uint8_t *data, size_t size)
{
	uint32_t table[256], value, i, j;
	uint32_t sum = UINT32_MAX;
	size_t at;

	for (i = 0; i < 256; i++) {
		for (value = i, j = 0; j < 8; j++)
			value = value & 1 ? 0xedb88320 ^ value >> 1 : value >> 1;
		table[i] = value;
	}
	for (at = 0; at < size; at++)
		sum = table[(sum ^ data[at]) & 0xff] ^ sum >> 8;
	return ~sum;
}

static void skip_text(struct stream *stream)
{
	while (stream->at < stream->size && stream->in[stream->at])
		stream->at++;
	stream->at++;
}

/* RFC 1952, 2.3. */
static void skip_header(struct stream *stream)
{
	const unsigned int flags = stream->in[3];

	stream->at = HEADER_SIZE;
	if (flags & FLAGS_UNKNOWN)
		fail(stream, -ENOEXEC);
	if (flags & FLAG_EXTRA && stream->size - stream->at >= 2)
		stream->at += 2 + (stream->in[stream->at] | stream->in[stream->at + 1] << 8);
	if (flags & FLAG_NAME)
		skip_text(stream);
	if (flags & FLAG_COMMENT)
		skip_text(stream);
	if (flags & FLAG_CHECK)
		stream->at += 2;
	if (stream->at > stream->size) {
		stream->at = stream->size;
		fail(stream, -ENOEXEC);
	}
}

static uint32_t load_32(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static bool is_sound(const struct stream *stream)
{
	const uint8_t *trailer = stream->in + stream->at;

	return stream->size - stream->at >= TRAILER_SIZE &&
	       load_32(trailer) == checksum(stream->out, stream->used) &&
	       load_32(trailer + 4) == (uint32_t)stream->used;
}

bool inflate_is_gzip(const uint8_t *data, size_t size)
{
	return size > HEADER_SIZE && data[0] == 0x1f && data[1] == 0x8b &&
	       data[2] == METHOD_DEFLATE;
}

int inflate_gzip(const uint8_t *data, size_t size, size_t most, uint8_t **out, size_t *out_size,
		 struct error *error)
{
	struct stream stream = { .in = data, .size = size, .most = most };

	if (!inflate_is_gzip(data, size))
		return error_set(error, ENOEXEC, "it is not compressed by gzip");
	skip_header(&stream);
	if (!stream.err)
		inflate(&stream);
	if (!stream.err && !is_sound(&stream))
		stream.err = -ENOEXEC;
	if (!stream.err) {
		*out = stream.out;
		*out_size = stream.used;
		return 0;
	}
	free(stream.out);
	if (stream.err == -EFAULT)
		return error_set(error, EFAULT,
				 "it is compressed by gzip, and larger than the machine's memory; "
				 "more --memory may help");
	if (stream.err == -ENOMEM)
		return error_set(error, ENOMEM, "no memory to decompress it");
	return error_set(error, ENOEXEC, "it is compressed by gzip, and damaged or cut off");
}

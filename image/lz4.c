/* SPDX-License-Identifier: MIT */
/*
 * Each sequence is some literals and a match: a copy of what was at most 64 KiB before. Positions whose first four bytes
 * have the same hash are in a chain, the latest first; of a part of it the longest match is taken, unless the next
 * position has a longer one.
 */
#include "image/lz4.h"
#include <stdlib.h>
#include <string.h>

#define WINDOW	      65535u
#define MATCH_MIN     4u
#define LAST_LITERALS 5u  /* the block ends with so many at least, */
#define LAST_MATCH    12u /* and no match begins later than so far before the end */

#define HASH_BITS 16
#define CHAIN	  96 /* of a chain, how much is looked at */

struct search {
	const uint8_t *from;
	size_t size;
	int32_t latest[1 << HASH_BITS]; /* of a hash, or -1 */
	int32_t before[WINDOW + 1];	/* of a position, the one before with the same hash */
	size_t entered;			/* positions below it are in the chains */
};

static uint32_t hash_of(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word * 2654435761u >> (32 - HASH_BITS);
}

static void enter_until(struct search *search, size_t end)
{
	for (; search->entered < end; search->entered++) {
		int32_t *latest = &search->latest[hash_of(search->from + search->entered)];

		search->before[search->entered & WINDOW] = *latest;
		*latest = (int32_t)search->entered;
	}
}

static size_t length_of_match(const struct search *search, size_t a, size_t b)
{
	const size_t limit = search->size - LAST_LITERALS - b;
	size_t length = 0;

	while (length < limit && search->from[a + length] == search->from[b + length])
		length++;
	return length;
}

/* The longest match for a position, its length 0 if there is none. */
static size_t find(struct search *search, size_t at, size_t *found)
{
	int32_t candidate;
	size_t best = 0;
	int looks;

	if (at + LAST_MATCH > search->size)
		return 0;
	enter_until(search, at);
	candidate = search->latest[hash_of(search->from + at)];
	for (looks = 0; looks < CHAIN && candidate >= 0 && at - (size_t)candidate <= WINDOW;
	     looks++) {
		int32_t next = search->before[(size_t)candidate & WINDOW];
		size_t length = length_of_match(search, (size_t)candidate, at);

		if (length >= MATCH_MIN && length > best) {
			best = length;
			*found = (size_t)candidate;
		}
		/* A place that a later position has taken. */
		if (next >= candidate)
			break;
		candidate = next;
	}
	return best;
}

/* What of a length is above the 15 that a token holds. */
static uint8_t *put_length(uint8_t *to, size_t length)
{
	if (length < 15)
		return to;
	for (length -= 15; length >= 255; length -= 255)
		*to++ = 255;
	*to++ = (uint8_t)length;
	return to;
}

/* Literals, and, if its length is not 0, the match behind them. */
static uint8_t *put_sequence(uint8_t *to, const uint8_t *literals, size_t count, size_t distance,
			     size_t length)
{
	const size_t more = length ? length - MATCH_MIN : 0;

	*to++ = (uint8_t)((count < 15 ? count : 15) << 4 | (more < 15 ? more : 15));
	to = put_length(to, count);
	memcpy(to, literals, count);
	to += count;
	if (!length)
		return to;
	*to++ = (uint8_t)distance;
	*to++ = (uint8_t)(distance >> 8);
	return put_length(to, more);
}

size_t lz4_compress(const uint8_t *from, size_t size, uint8_t *to)
{
	struct search *search = malloc(sizeof(*search));
	size_t at = 0, literals = 0, found = 0, later = 0, length, next;
	uint8_t *end = to;

	if (!search)
		return 0;
	search->from = from;
	search->size = size;
	search->entered = 0;
	memset(search->latest, -1, sizeof(search->latest));
	length = find(search, at, &found);
	while (at + LAST_MATCH <= size) {
		next = length ? find(search, at + 1, &later) : 0;
		if (!length || next > length) {
			at++;
			found = later;
			length = length ? next : find(search, at, &found);
			continue;
		}
		end = put_sequence(end, from + literals, at - literals, at - found, length);
		at += length;
		literals = at;
		length = find(search, at, &found);
	}
	end = put_sequence(end, from + literals, size - literals, 0, 0);
	free(search);
	return (size_t)(end - to);
}

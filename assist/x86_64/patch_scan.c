/* SPDX-License-Identifier: MIT */
/*
 * Finding TZCNT and LZCNT, whose prefix a software KVM's emulator ignores, so that they run as BSF and BSR; MOVBE,
 * which it takes for undefined; XSETBV, which is #UD as long as CR4.OSXSAVE can't be set; and SYSRET,
 * whose checks it leaves out: by their bytes, and then by whether an instruction is there, which takes Zydis.
 */
#include "assist/x86_64/patch_scan.h"
#include <emmintrin.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "assist/x86_64/decoder.h"
#include "assist/x86_64/function.h"
#include "base/address.h"

#define LONGEST 15

/* Code is read in pieces of this size. What is before a piece may be prefixes of what begins it. */
#define PIECE 65536

/*
 * How far before a place decoding begins where its function is not known: instructions that are
 * decoded from the wrong byte on come back in step after a few.
 */
#define APPROACH 48

void patch_places_finish(struct patch_places *places)
{
	free(places->at);
	*places = (struct patch_places){ 0 };
}

int patch_places_add(struct patch_places *places, uint64_t address)
{
	if (places->count == places->capacity) {
		size_t capacity = places->capacity ? 2 * places->capacity : 64;
		uint64_t *grown = realloc(places->at, capacity * sizeof(*places->at));

		if (!grown)
			return -ENOMEM;
		places->at = grown;
		places->capacity = capacity;
	}
	places->at[places->count++] = address;
	return 0;
}

/* A file may have been cut since it was mapped: a system call says so, where a read would raise SIGBUS. */
size_t patch_scan_read(uint64_t address, uint8_t *to, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)address, .iov_len = size };
	ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

/* Whether the instruction at `bytes` is one of them, with the byte to replace at `offset`. */
static bool is_one(const struct decoder_outline *outline, size_t offset)
{
	switch (outline->mnemonic) {
	case ZYDIS_MNEMONIC_TZCNT:
	case ZYDIS_MNEMONIC_LZCNT:
	case ZYDIS_MNEMONIC_XSETBV:
		return offset + 1 == outline->modrm;
	case ZYDIS_MNEMONIC_MOVBE:
		return offset + 2 == outline->modrm;
	case ZYDIS_MNEMONIC_SYSRET:
		return offset + 1 == outline->length;
	default:
		return false;
	}
}

/* Decode from a function's beginning on. Returns false if that does not tell. */
static bool sweep(const struct function *function, uint64_t *at, uint64_t place, bool *found)
{
	struct decoder_outline outline;

	while (*at <= place) {
		uint64_t left = function->end - *at;

		if (!decoder_outline((const uint8_t *)*at, left < LONGEST ? left : LONGEST,
				     &outline))
			return false;
		if (*at + outline.length > place) {
			*found = is_one(&outline, place - *at);
			return true;
		}
		*at += outline.length;
	}
	/* The place is in an instruction that was passed: not at its beginning. */
	*found = false;
	return true;
}

/* Decode from every byte before the instruction on, and go with the majority. */
static bool approach(const struct map *map, uint64_t place)
{
	uint64_t start = place - map->start < APPROACH ? map->start : place - APPROACH;
	size_t before = place - start, count, at;
	uint8_t bytes[APPROACH + LONGEST];
	struct decoder_outline outline;
	bool meets[APPROACH + 1], found = false;
	unsigned int votes = 0, voters = 0;
	uint64_t end = place + LONGEST < map->end ? place + LONGEST : map->end;

	count = patch_scan_read(start, bytes, end - start);
	if (count <= before)
		return false;
	for (at = before; at-- > 0;) {
		size_t left = count - at;

		meets[at] = false;
		if (!decoder_outline(bytes + at, left < LONGEST ? left : LONGEST, &outline))
			continue;
		if (at + outline.length > before) {
			meets[at] = is_one(&outline, before - at);
			found |= meets[at];
			/* From its own prefixes on, nothing is to be learnt. */
			if (meets[at])
				votes = voters = 0;
			else
				voters++;
			continue;
		}
		meets[at] = at + outline.length < before && meets[at + outline.length];
		votes += meets[at];
		voters++;
	}
	return found && (!voters || 2 * votes > voters);
}

/* Whether TZCNT's and LZCNT's prefix is among those before the opcode; REX comes last. */
static bool has_repeat(const uint8_t *bytes, size_t opcode)
{
	size_t at = opcode;

	if (at && (bytes[at - 1] & 0xf0) == 0x40)
		at--;
	while (at-- && opcode - at < LONGEST) {
		switch (bytes[at]) {
		case 0xf3:
			return true;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64 ... 0x67:
		case 0xf0:
		case 0xf2:
			break;
		default:
			return false;
		}
	}
	return false;
}

/* What follows 0F in those that are looked for; after 38, and after 01, it takes one byte more. */
static const uint8_t followers[] = { 0xbc, 0xbd, 0x38, 0x01, 0x07 };
#define FOLLOWERS sizeof(followers)

static bool is_follower(uint8_t byte)
{
	return memchr(followers, byte, FOLLOWERS) != NULL;
}

bool patch_scan_may_be_one(const uint8_t bytes[2])
{
	return bytes[0] == 0x0f && is_follower(bytes[1]);
}

/* The next 0F from `at` on that one of them follows; `size` if there is none. */
static size_t find_escape(const uint8_t *bytes, size_t at, size_t size)
{
	const __m128i escape = _mm_set1_epi8(0x0f);
	size_t i;

	for (; at + 17 <= size; at += 16) {
		__m128i first = _mm_loadu_si128((const __m128i *)(bytes + at));
		__m128i second = _mm_loadu_si128((const __m128i *)(bytes + at + 1));
		__m128i any = _mm_setzero_si128();
		int mask;

		for (i = 0; i < FOLLOWERS; i++)
			any = _mm_or_si128(any, _mm_cmpeq_epi8(second,
							       _mm_set1_epi8((char)followers[i])));
		mask = _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(first, escape), any));
		if (mask)
			return at + (size_t)__builtin_ctz((unsigned int)mask);
	}
	for (; at + 1 < size; at++)
		if (bytes[at] == 0x0f && is_follower(bytes[at + 1]))
			return at;
	return size;
}

/* By its bytes, it may be one of them. */
static bool is_candidate(const uint8_t *bytes, size_t escape, size_t size)
{
	uint8_t third = escape + 2 < size ? bytes[escape + 2] : 0;

	switch (bytes[escape + 1]) {
	case 0x38:
		return (third & 0xfe) == 0xf0;
	case 0x01:
		return third == 0xd1;
	case 0x07:
		return true;
	default:
		return has_repeat(bytes, escape);
	}
}

static int search_piece(struct patch_places *places, const struct map *map, uint64_t start,
			const uint8_t *bytes, size_t from, size_t size, struct function *function,
			uint64_t *at)
{
	size_t escape, last = from + PIECE;

	/* What begins after the piece is the next one's. */
	for (escape = find_escape(bytes, from, size); escape < size && escape < last;
	     escape = find_escape(bytes, escape + 1, size)) {
		uint64_t place = start + escape + 1;
		bool found;

		if (!is_candidate(bytes, escape, size))
			continue;
		if (place < function->start || place >= function->end) {
			function_find(place, function);
			*at = function->start;
		}
		if (place >= function->end || !sweep(function, at, place, &found))
			found = approach(map, place);
		if (found && patch_places_add(places, place) != 0)
			return -ENOMEM;
	}
	return 0;
}

int patch_scan(struct patch_places *places, const struct map *map)
{
	/* With room for what is before a piece, and for the rest of an opcode after it. */
	uint8_t *bytes = malloc(LONGEST + PIECE + 2);
	struct function function = { 0 };
	uint64_t at = map->start, sweeping = 0;
	int err = bytes ? 0 : -ENOMEM;

	while (at < map->end && !err) {
		uint64_t before = at - map->start < LONGEST ? at - map->start : LONGEST;
		uint64_t size = map->end - at < PIECE + 2 ? map->end - at : PIECE + 2;
		size_t got = patch_scan_read(at - before, bytes, before + size);

		if (got <= before) {
			places->has_gaps = true;
			at += PAGE_SIZE;
			continue;
		}
		err = search_piece(places, map, at - before, bytes, before, got, &function,
				   &sweeping);
		at += got - before > PIECE ? PIECE : got - before;
	}
	free(bytes);
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * Finding TZCNT and LZCNT, whose prefix such an emulator ignores, so that they run as BSF and BSR; MOVBE,
 * which it takes for undefined; XSETBV, which is #UD as long as CR4.OSXSAVE can't be set; and SYSRET,
 * whose checks it leaves out: by their bytes, and then by whether an instruction is there, which takes Zydis.
 * What was found in a build is kept: see patch_cache.h.
 */
#include "assist/patch_search.h"
#include <elf.h>
#include <emmintrin.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "assist/x86_64/decoder.h"
#include "assist/x86_64/function.h"
#include "assist/x86_64/patch_cache.h"
#include "mirror/upper_half.h"

/*
 * The byte after 0F becomes this one: a MOV from the 486's test registers, which no CPU has had
 * since, and no emulator knows (SDM vol. 2D, table A-3). Executed natively it is #UD.
 */
#define UNKNOWN_OPCODE 0x24

#define LONGEST 15

/* Code is read in pieces of this size. What is before a piece may be prefixes of what begins it. */
#define PIECE 65536

/*
 * How far before a place decoding begins where its function is not known: instructions that are
 * decoded from the wrong byte on come back in step after a few.
 */
#define APPROACH 48

struct mistaken_text {
	uint64_t start, end, offset;
	dev_t device;
	ino_t inode;
	struct timespec modified;
	bool is_file, is_mapped;
	bool has_gaps;	  /* some of it could not be read */
	uint64_t *places; /* of the bytes to be shown otherwise, by address */
	size_t count, capacity;
};

static void drop_places(struct mistaken_text *text)
{
	free(text->places);
	text->places = NULL;
	text->count = text->capacity = 0;
}

static void drop_text(struct mistaken_text *text)
{
	drop_places(text);
	*text = (struct mistaken_text){ 0 };
}

/* A file may have been cut since it was mapped: a system call says so, where a read would raise SIGBUS. */
static size_t read_code(uint64_t address, uint8_t *to, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)address, .iov_len = size };
	ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

static int add_place(struct mistaken_text *text, uint64_t address)
{
	if (text->count == text->capacity) {
		size_t capacity = text->capacity ? 2 * text->capacity : 64;
		uint64_t *grown = realloc(text->places, capacity * sizeof(*text->places));

		if (!grown)
			return -ENOMEM;
		text->places = grown;
		text->capacity = capacity;
	}
	text->places[text->count++] = address;
	return 0;
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

	count = read_code(start, bytes, end - start);
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

static int search_piece(struct mistaken_text *text, const struct map *map, uint64_t start,
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
		if (found && add_place(text, place) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int search(struct mistaken_text *text, const struct map *map)
{
	/* With room for what is before a piece, and for the rest of an opcode after it. */
	uint8_t *bytes = malloc(LONGEST + PIECE + 2);
	struct function function = { 0 };
	uint64_t at = map->start, sweeping = 0;
	int err = bytes ? 0 : -ENOMEM;

	while (at < map->end && !err) {
		uint64_t before = at - map->start < LONGEST ? at - map->start : LONGEST;
		uint64_t size = map->end - at < PIECE + 2 ? map->end - at : PIECE + 2;
		size_t got = read_code(at - before, bytes, before + size);

		if (got <= before) {
			text->has_gaps = true;
			at += PAGE_SIZE;
			continue;
		}
		err = search_piece(text, map, at - before, bytes, before, got, &function,
				   &sweeping);
		at += got - before > PIECE ? PIECE : got - before;
	}
	free(bytes);
	return err;
}

/* A piece of a mapping's code, of which there may be less than a page to read. */
struct window {
	uint64_t start;
	size_t size;
	uint8_t bytes[PAGE_SIZE];
};

/*
 * A build ID that is given by hand may be that of another build. Places come in order, many on a page: it is
 * read once for all of them, as a system call for each would take longer than their instructions take to be found.
 */
static bool may_be_one(struct window *window, uint64_t place, uint64_t end)
{
	const uint64_t from = place - 1;
	const uint8_t *bytes;

	if (!range_holds(window->start, window->size, from, 2)) {
		window->start = from;
		window->size = read_code(from, window->bytes,
					 end - from < PAGE_SIZE ? end - from : PAGE_SIZE);
		if (window->size < 2)
			return false;
	}
	bytes = window->bytes + (from - window->start);
	return bytes[0] == 0x0f && is_follower(bytes[1]);
}

/* As it was found before. */
static bool recall(struct mistaken_text *text, const struct map *map, const char *name)
{
	struct window window = { 0 };
	size_t count = 0, i;
	uint32_t *places = patch_cache_read(name, map->end - map->start, &count);
	int err = places ? 0 : -ENOENT;

	for (i = 0; i < count && !err; i++)
		err = may_be_one(&window, map->start + places[i], map->end) ?
			      add_place(text, map->start + places[i]) :
			      -ESTALE;
	free(places);
	if (err)
		drop_places(text);
	return !err;
}

static void keep(const struct mistaken_text *text, const struct map *map, const char *name)
{
	uint32_t *places = map->end - map->start > UINT32_MAX ?
				   NULL :
				   malloc((text->count + 1) * sizeof(*places));
	size_t i;

	for (i = 0; places && i < text->count; i++)
		places[i] = (uint32_t)(text->places[i] - map->start);
	if (places)
		patch_cache_write(name, places, text->count);
	free(places);
}

/* From what is kept, or by looking, for which the decoder has to be there. */
static int fill(struct mistaken_text *text, const struct map *map, struct error *error)
{
	char name[PATCH_CACHE_NAME];
	bool named = patch_cache_name(map, name);
	int err;

	if (named && recall(text, map, name))
		return 0;
	if (!decoder_load(error))
		return -ENOENT;
	err = search(text, map);
	if (!err && named && !text->has_gaps)
		keep(text, map, name);
	return err;
}

static bool is_searched(const struct map *map)
{
	return map->execute && map->read && !map->write && strcmp(map->path, "[vsyscall]") != 0;
}

static bool is_of(const struct mistaken_text *text, const struct map *map)
{
	struct stat file;

	return text->is_file && text->start == map->start && text->end == map->end &&
	       text->offset == map->offset && stat(map->path, &file) == 0 &&
	       text->device == file.st_dev && text->inode == file.st_ino &&
	       text->modified.tv_sec == file.st_mtim.tv_sec &&
	       text->modified.tv_nsec == file.st_mtim.tv_nsec;
}

static int add_text(struct patch_search *mistaken, const struct map *map, struct error *error)
{
	struct mistaken_text *grown =
		realloc(mistaken->texts, (mistaken->text_count + 1) * sizeof(*mistaken->texts));
	struct mistaken_text *text;
	struct stat file;
	int err;

	if (!grown)
		return -ENOMEM;
	mistaken->texts = grown;
	text = &grown[mistaken->text_count];
	*text = (struct mistaken_text){
		.start = map->start,
		.end = map->end,
		.offset = map->offset,
		.is_mapped = true,
		.is_file = map->path[0] == '/' && stat(map->path, &file) == 0,
	};
	if (text->is_file) {
		text->device = file.st_dev;
		text->inode = file.st_ino;
		text->modified = file.st_mtim;
	}
	err = fill(text, map, error);
	if (err) {
		drop_text(text);
		return err;
	}
	mistaken->text_count++;
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct mistaken_text *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* Those of the texts that are still there, in order. */
static int add_patches(struct patch_search *mistaken, struct code_patches *patches)
{
	static const uint8_t unknown = UNKNOWN_OPCODE;
	size_t kept = 0, i, j;
	int err = 0;

	for (i = 0; i < mistaken->text_count; i++) {
		if (mistaken->texts[i].is_mapped)
			mistaken->texts[kept++] = mistaken->texts[i];
		else
			drop_text(&mistaken->texts[i]);
	}
	mistaken->text_count = kept;
	if (kept)
		qsort(mistaken->texts, kept, sizeof(*mistaken->texts), compare);
	for (i = 0; i < kept; i++)
		for (j = 0; j < mistaken->texts[i].count && !err; j++)
			err = code_patches_show(patches, mistaken->texts[i].places[j], &unknown, 1);
	return err;
}

/* Code of the upper half is data of the process: it is searched there, and patched where it belongs. */
static int add_upper_half(struct patch_search *mistaken, struct error *error)
{
	const struct r0_upper_half *segments;
	size_t count = upper_half_list(&segments), i, j;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		const struct r0_upper_half *segment = &segments[i];
		const uint64_t from = (uint64_t)segment->bytes, by = segment->address - from;
		/* The offset tells segments of one size apart: it is no file's. */
		struct map map = { .start = from,
				   .end = from + segment->size,
				   .offset = segment->address,
				   .path = "" };
		struct mistaken_text *text;

		if (!(segment->flags & PF_X) || segment->flags & PF_W)
			continue;
		err = add_text(mistaken, &map, error);
		if (err)
			break;
		text = &mistaken->texts[mistaken->text_count - 1];
		text->start += by;
		text->end += by;
		for (j = 0; j < text->count; j++)
			text->places[j] += by;
	}
	return err;
}

int patch_search_find(struct patch_search *mistaken, struct code_patches *patches,
		      struct error *error)
{
	struct maps maps;
	size_t i, j;
	int err;

	err = maps_list(&maps, NULL, error);
	if (err)
		return err;
	for (j = 0; j < mistaken->text_count; j++)
		mistaken->texts[j].is_mapped = false;
	for (i = 0; i < maps.count && !err; i++) {
		const struct map *map = &maps.entries[i];

		if (!is_searched(map))
			continue;
		for (j = 0; j < mistaken->text_count && !is_of(&mistaken->texts[j], map); j++)
			;
		if (j < mistaken->text_count)
			mistaken->texts[j].is_mapped = true;
		else
			err = add_text(mistaken, map, error);
	}
	maps_finish(&maps);
	if (!err)
		err = add_upper_half(mistaken, error);
	/* It says what to install. */
	if (err == -ENOENT)
		return err;
	if (!err)
		err = add_patches(mistaken, patches);
	return err ? error_set(error, -err, "looking through the program's code failed: %s",
			       strerror(-err)) :
		     0;
}

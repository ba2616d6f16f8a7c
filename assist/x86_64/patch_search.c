/* SPDX-License-Identifier: MIT */
/*
 * What the mappings of the process's code have of them, and what ring 0 is to see in their place. What was found in a
 * build is kept: see patch_cache.h.
 */
#include "assist/patch_search.h"
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "assist/x86_64/decoder.h"
#include "assist/x86_64/patch_cache.h"
#include "assist/x86_64/patch_scan.h"
#include "mirror/upper_half.h"

/*
 * The byte after 0F becomes this one: a MOV from the 486's test registers, which no CPU has had
 * since, and no emulator knows (SDM vol. 2D, table A-3). Executed natively it is #UD.
 */
#define UNKNOWN_OPCODE 0x24

struct mistaken_text {
	uint64_t start, end, offset;
	dev_t device;
	ino_t inode;
	struct timespec modified;
	bool is_file, is_mapped;
	struct patch_places places;
};

static void drop_text(struct mistaken_text *text)
{
	patch_places_finish(&text->places);
	*text = (struct mistaken_text){ 0 };
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

	if (!range_holds(window->start, window->size, from, 2)) {
		window->start = from;
		window->size = patch_scan_read(from, window->bytes,
					       end - from < PAGE_SIZE ? end - from : PAGE_SIZE);
		if (window->size < 2)
			return false;
	}
	return patch_scan_may_be_one(window->bytes + (from - window->start));
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
			      patch_places_add(&text->places, map->start + places[i]) :
			      -ESTALE;
	free(places);
	if (err)
		patch_places_finish(&text->places);
	return !err;
}

static void keep(const struct mistaken_text *text, const struct map *map, const char *name)
{
	uint32_t *places = map->end - map->start > UINT32_MAX ?
				   NULL :
				   malloc((text->places.count + 1) * sizeof(*places));
	size_t i;

	for (i = 0; places && i < text->places.count; i++)
		places[i] = (uint32_t)(text->places.at[i] - map->start);
	if (places)
		patch_cache_write(name, places, text->places.count);
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
	err = patch_scan(&text->places, map);
	if (!err && named && !text->places.has_gaps)
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
		for (j = 0; j < mistaken->texts[i].places.count && !err; j++)
			err = code_patches_show(patches, mistaken->texts[i].places.at[j], &unknown,
						1);
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
		for (j = 0; j < text->places.count; j++)
			text->places.at[j] += by;
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

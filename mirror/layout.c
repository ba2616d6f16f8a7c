/* SPDX-License-Identifier: MIT */
/* What becomes of each mapping, and how much memory that takes. */
#include "mirror/layout.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "mirror/code_patches.h"
#include "mirror/resident.h"
#include "mirror/shadow.h"
#include "mirror/upper_half.h"

/* Larger mappings are not given frames for pages that were never touched. */
#define SPARSE_FROM (64ull << 20)

/* Frames for what VMs add while a test runs: page tables for its .ram, and sparse pages. */
#define SPARE_FRAMES	 256
#define SPARE_FOR_SPARSE (64 * 256)

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/*
 * Mappings that have no place in a VM: absent memory, KVM's and our own, and devices, where a read
 * may have effects.
 */
static bool is_left_out(const struct map *map)
{
	if (!map->read && !map->write)
		return true;
	/* The vsyscall page. */
	if (map->start >> 63 || !page_table_has(map->start, map->end - 1))
		return true;
	if (starts_with(map->path, "anon_inode:") ||
	    starts_with(map->path, "/memfd:" MIRROR_MEMFD_NAME))
		return true;
	/* A PCI device's registers are files of sysfs and procfs; huge pages are mere memory. */
	if (starts_with(map->path, "/sys/") || starts_with(map->path, "/proc/") ||
	    starts_with(map->path, "/dmabuf:"))
		return true;
	return starts_with(map->path, "/dev/") && !starts_with(map->path, "/dev/shm/") &&
	       !starts_with(map->path, "/dev/hugepages/") && !starts_with(map->path, "/dev/zero");
}

static enum mirror_kind kind_of(const struct map *map)
{
	if (map->path[0] == '/' && !map->write)
		return MIRROR_DIRECT;
	return map->end - map->start > SPARSE_FROM ? MIRROR_SPARSE : MIRROR_COPY;
}

static void list_parts(struct mirror *mirror)
{
	size_t i;

	for (i = 0; i < mirror->maps.count; i++) {
		const struct map *map = &mirror->maps.entries[i];

		if (is_left_out(map))
			continue;
		mirror->parts[mirror->part_count++] = (struct mirror_part){
			.map = *map,
			.kind = kind_of(map),
		};
	}
	upper_half_add(mirror);
}

/* Each page that differs is a frame for ring 0, and for ring 3, if it is a VM's own. */
static uint64_t count_code(const struct code_patches *patches)
{
	struct code_page_walk walk = { 0 };
	struct code_page page;
	uint64_t count = 0;

	while (patches && code_patches_next(patches, &walk, &page))
		count += page.own ? 2 : 1;
	return count;
}

/* Pages of a shadow, and of the tables for them. */
static uint64_t count_shadow(const struct mirror *mirror, const struct map *map, int pagemap)
{
	struct shadow_walk walk = { 0 };
	struct mirror_range range;
	uint64_t count = 0;

	while (shadow_next(mirror, map, &walk, &range))
		count += resident_count(map, range.start, range.end, pagemap) +
			 2 * page_table_cost(range.start, range.end);
	return count;
}

/* How many frames the snapshot takes: for content and for page tables, with room to spare. */
static uint64_t count_frames(const struct mirror *mirror, const struct mirror_config *config,
			     int pagemap)
{
	uint64_t content = count_code(config->code);
	uint64_t tables = 4 + 1024, spare = SPARE_FRAMES;
	size_t i;

	if (config->always_written_count)
		content += MIRROR_ALWAYS;
	for (i = 0; i < mirror->part_count; i++) {
		const struct mirror_part *part = &mirror->parts[i];

		if (part->kind == MIRROR_COPY)
			content += (part->map.end - part->map.start) / PAGE_SIZE;
		if (part->kind == MIRROR_SPARSE) {
			spare = SPARE_FOR_SPARSE;
			if (!resident_is_searched(&part->map)) {
				content += count_shadow(mirror, &part->map, pagemap);
				continue;
			}
			content +=
				resident_count(&part->map, part->map.start, part->map.end, pagemap);
		}
		tables += 2 * page_table_cost(part->map.start, part->map.end);
	}
	return content + tables + spare;
}

/* The lowest multiple of 1 GiB above 4 GiB from which that much is free of reserved ranges. */
static int choose_base(const struct mirror_config *config, uint64_t size, uint64_t *base,
		       struct error *error)
{
	const uint64_t limit = 1ull << config->physical_bits;
	uint64_t at = 4 * GIB;
	size_t i;

	for (i = 0; i < config->reserved_count; i++) {
		const struct mirror_range *range = &config->reserved[i];

		/* One that no CPU of this kind can have is its own test's error, not the program's. */
		if (range->end > limit ||
		    !ranges_overlap(at, size, range->start, range->end - range->start))
			continue;
		at = (range->end + GIB - 1) & ~(GIB - 1);
		i = (size_t)-1; /* look at all of them again */
		if (at < range->end)
			break;
	}
	/* Where tests declare all there is, those that do will fail, not the whole program. */
	if (!range_holds(0, limit, at, size))
		at = 4 * GIB;
	if (!range_holds(0, limit, at, size))
		return error_set(
			error, ENOSPC,
			"the program's %llu MiB do not fit into the CPU's %u bits of physical "
			"address",
			(unsigned long long)size >> 20, config->physical_bits);
	*base = at;
	return 0;
}

int layout_list(struct mirror *mirror, struct error *error)
{
	const struct r0_upper_half *segments;
	size_t more = upper_half_list(&segments);
	int tries, err = 0;

	for (tries = 0; tries < 10; tries++) {
		free(mirror->parts);
		free(mirror->slots);
		mirror->parts = NULL;
		mirror->slots = NULL;
		err = maps_make_room(&mirror->maps, error);
		if (err)
			return err;
		mirror->parts = calloc(mirror->maps.capacity + more, sizeof(*mirror->parts));
		mirror->slots = calloc(mirror->maps.capacity, sizeof(*mirror->slots));
		if (!mirror->parts || !mirror->slots)
			return error_set(error, ENOMEM, "no memory for the list of mappings");
		err = maps_read(&mirror->maps, error);
		if (err != -EAGAIN)
			break;
	}
	if (err)
		return error_set(error, -err, "the program's mappings change too fast to be read");
	list_parts(mirror);
	return 0;
}

int layout_choose(struct mirror *mirror, const struct mirror_config *config, int pagemap,
		  struct error *error)
{
	uint64_t direct = 0;
	size_t i;

	mirror->frames.count = count_frames(mirror, config, pagemap);
	for (i = 0; i < mirror->part_count; i++)
		if (mirror->parts[i].kind == MIRROR_DIRECT)
			direct += mirror->parts[i].map.end - mirror->parts[i].map.start;
	/* With a page behind it that stays empty. */
	return choose_base(config, mirror->frames.count * PAGE_SIZE + direct + PAGE_SIZE,
			   &mirror->frames.base, error);
}

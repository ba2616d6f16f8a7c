/* SPDX-License-Identifier: MIT */
#include "image/noise.h"
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include "image/noise_own.h"
#include "image/start/payload/format.h"
#include "mirror/maps.h"

#define PAGE 4096u

static void add(struct noise_ranges *ranges, uint64_t start, uint64_t end)
{
	if (ranges->count < NOISE_RANGES)
		ranges->ranges[ranges->count++] = (struct noise_range){ start, end };
}

/* Whether a mapping is of that file, or what of its variables is behind the file's last page (System V ABI, .bss). */
static bool is_of_file(const struct maps *maps, size_t number, const char *path)
{
	const struct map *map = &maps->entries[number];

	if (number && !*map->path && map[-1].end == map->start)
		map--;
	return !strcmp(map->path, path);
}

void noise_find(struct noise_ranges *ranges)
{
	const uint64_t linker = getauxval(AT_BASE);
	struct maps maps;
	size_t i, own;

	*ranges = (struct noise_ranges){ 0 };
	if (maps_list(&maps, NULL, NULL) != 0)
		return;
	own = maps.count;
	for (i = 0; i < maps.count; i++)
		if (linker >= maps.entries[i].start && linker < maps.entries[i].end)
			own = i;
	for (i = 0; i < maps.count; i++)
		if ((own < maps.count && is_of_file(&maps, i, maps.entries[own].path)) ||
		    !strcmp(maps.entries[i].path, "[stack]"))
			add(ranges, maps.entries[i].start, maps.entries[i].end);
	maps_finish(&maps);
}

static bool is_noise(const struct noise_ranges *ranges, uint64_t address)
{
	uint64_t i;

	for (i = 0; i < ranges->count && i < NOISE_RANGES; i++)
		if (address >= ranges->ranges[i].start && address < ranges->ranges[i].end)
			return true;
	return false;
}

/* The words of a run's pages; how many stay that differ. */
static long remove_from(uint64_t *words, const uint64_t *others, const struct image_run *run,
			const struct noise_ranges *ranges)
{
	size_t count = run->pages * PAGE / sizeof(*words), i;
	long stay = 0;

	for (i = 0; i < count; i++) {
		if (words[i] == others[i])
			continue;
		if (is_noise(ranges, run->address + i * sizeof(*words)))
			words[i] = 0;
		else
			stay++;
	}
	return stay;
}

long noise_remove(uint8_t *payload, size_t size, uint8_t *other, size_t other_size,
		  const struct noise_ranges *ranges)
{
	struct image_payload *header = (struct image_payload *)payload;
	const struct image_run *runs = (const struct image_run *)(payload + header->runs_at);
	const size_t summed = offsetof(struct image_payload, runs_at);
	long stay = 0;
	uint64_t i, at;

	if (size != other_size ||
	    memcmp(payload + summed, other + summed, (size_t)header->pages_at - summed) != 0)
		return -1;
	for (i = 0; i < header->run_count; i++) {
		if (runs[i].flags & IMAGE_RUN_ZERO)
			continue;
		at = header->pages_at + runs[i].first * PAGE;
		noise_remove_cpu(payload + at, runs[i].pages * PAGE);
		noise_remove_cpu(other + at, runs[i].pages * PAGE);
		stay += remove_from((uint64_t *)(payload + at), (const uint64_t *)(other + at),
				    &runs[i], ranges);
	}
	header->checksum = image_checksum(payload + summed, size - summed);
	return stay;
}

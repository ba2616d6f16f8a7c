/* SPDX-License-Identifier: MIT */
/* Finding room for islands between the process's mappings. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "base/address.h"
#include "mirror/maps.h"
#include "replace/function.h"
#include "replace/patch.h"

/*
 * From the upper half, which begins 2 GiB below the highest address, jumps lead past that to the lowest ones: as
 * far as they go.
 */
#define REACH_OVER 0x7ffff000ull

/* Left free above a mapping that may grow, as the heap does: brk(2). */
#define GROWTH 0x10000000ull

/* Below it nothing may be mapped: vm.mmap_min_addr. */
#define LOWEST 0x10000ull

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static bool is_near(const struct module *module, uint64_t start, uint64_t size)
{
	uint64_t low = start < module->low ? start : module->low;
	uint64_t high = start + size > module->high ? start + size : module->high;

	if (module->upper)
		return start + size - module->low < REACH_OVER;
	return high - low < patch_reach;
}

static bool take(struct module *module, uint64_t start, uint64_t size)
{
	void *at;

	if (start < LOWEST || !is_near(module, start, size))
		return false;
	at = mmap((void *)(uintptr_t)start, size, PROT_READ | PROT_EXEC,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (at == MAP_FAILED)
		return false;
	/* Older kernels take the address for a wish: mmap(2). */
	if ((uint64_t)at != start ||
	    mprotect((uint8_t *)at + size - PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE)) {
		munmap(at, size);
		return false;
	}
	module->island = (struct island){ .start = start, .size = size };
	return true;
}

/* Below a mapping rather than above one, which may grow. */
static bool take_any(struct module *module, const struct maps *maps, uint64_t size)
{
	size_t i;

	for (i = maps->count; i-- > 0;) {
		const struct map *map = &maps->entries[i];
		uint64_t below = i ? maps->entries[i - 1].end : 0;

		if ((map->start > module->low && !module->upper) ||
		    strcmp(map->path, "[stack]") == 0 || map->start - below < size + PAGE_SIZE)
			continue;
		if (take(module, map->start - size - PAGE_SIZE, size))
			return true;
	}
	for (i = 0; i < maps->count; i++) {
		const struct map *map = &maps->entries[i];

		if (map->end < module->high || module->upper)
			continue;
		if (i + 1 < maps->count && maps->entries[i + 1].start - map->end < size + GROWTH)
			continue;
		if (take(module, map->end + GROWTH - size, size))
			return true;
	}
	return false;
}

int island_reserve(struct module *module, uint64_t size)
{
	struct maps maps;
	int err = maps_list(&maps, NULL, NULL);

	if (err)
		return err;
	/* The page before the data's may be full. */
	size = page_ceiling(size) + PAGE_SIZE;
	if (!take_any(module, &maps, size))
		err = -ENOSPC;
	maps_finish(&maps);
	return err;
}

void island_release(struct island *island)
{
	if (island->size)
		munmap((void *)(uintptr_t)island->start, island->size);
	*island = (struct island){ 0 };
}

/* SPDX-License-Identifier: MIT */
/* From guest-physical ranges to host pointers. Depends on libc alone. */
#include "devices/ram.h"
#include "base/bitmap.h"
#include <errno.h>
#include <inttypes.h>

int ram_add(struct ram *ram, const struct ram_region *region, struct error *error)
{
	uint64_t address = region->address.value;
	size_t i;

	if (!region->size || (address | region->size | (uintptr_t)region->host) % PAGE_SIZE ||
	    region->size - 1 > UINT64_MAX - address)
		return error_set(error, EINVAL,
				 "no memory can be at guest-physical %#" PRIx64 ", size %#" PRIx64
				 ": it takes whole pages, at least one",
				 address, region->size);
	for (i = 0; i < ram->count; i++) {
		const struct ram_region *other = &ram->regions[i];

		if (ranges_overlap(address, region->size, other->address.value, other->size))
			return error_set(error, EEXIST,
					 "memory at guest-physical %#" PRIx64 ", size %#" PRIx64
					 ", overlaps that at %#" PRIx64,
					 address, region->size, other->address.value);
	}
	if (ram->count == RAM_REGIONS_MAX)
		return error_set(error, ENOSPC, "more than %d regions of memory", RAM_REGIONS_MAX);
	ram->regions[ram->count++] = *region;
	return 0;
}

static void mark_dirty(uint64_t *dirty, uint64_t offset, uint64_t length)
{
	if (length)
		bitmap_set_range(dirty, offset / PAGE_SIZE, (offset + length - 1) / PAGE_SIZE + 1);
}

void *ram_at(const struct ram *ram, r0_gpa address, uint64_t length, bool write)
{
	size_t i;

	for (i = 0; i < ram->count; i++) {
		const struct ram_region *region = &ram->regions[i];
		uint64_t offset = address.value - region->address.value;

		if (!range_holds(region->address.value, region->size, address.value, length))
			continue;
		if (write && region->read_only)
			return NULL;
		if (write && region->dirty)
			mark_dirty(region->dirty, offset, length);
		return region->host + offset;
	}
	return NULL;
}

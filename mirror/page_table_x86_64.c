/* SPDX-License-Identifier: MIT */
/* Building and walking 4-level page tables. SDM vol. 3A, 4.5; APM vol. 2, 5.3. */
#include "mirror/page_table_x86_64.h"
#include <errno.h>
#include <string.h>
#include <ring0/x86/paging.h>
#include "base/page_walk_x86_64.h"

#define LARGE_SIZE (1ul << 21)

static void note_change(struct frames *frames, uint64_t address)
{
	uint64_t number = (address - frames->base) / PAGE_SIZE;

	if (frames->changed)
		frames->changed[number / 64] |= 1ull << (number % 64);
}

uint64_t frames_take(struct frames *frames, uint64_t number)
{
	uint64_t address = frames->base + frames->used * PAGE_SIZE;

	if (number > frames->count - frames->used)
		return 0;
	frames->used += number;
	return address;
}

void *frames_at(const struct frames *frames, uint64_t address)
{
	if (!range_holds(frames->base, frames->count * PAGE_SIZE, address, 1))
		return NULL;
	return frames->bytes + page_floor(address - frames->base);
}

static unsigned int index_at(uint64_t address, unsigned int level)
{
	return address >> (12 + 9 * level) & 511;
}

/* The entry for an address in a table of that level, 0 being the lowest. */
static uint64_t *entry_at(const struct frames *frames, uint64_t table, uint64_t address,
			  unsigned int level)
{
	uint64_t *entries = frames_at(frames, table & R0_PAGE_ADDRESS);

	return entries ? &entries[index_at(address, level)] : NULL;
}

/* The table below an entry; made if absent. The upper levels allow all, the lowest decides. */
static int descend(struct frames *frames, uint64_t *entry, uint64_t in, uint64_t bits,
		   uint64_t *below)
{
	if (!(*entry & R0_PAGE_P)) {
		uint64_t table = frames_take(frames, 1);

		if (!table)
			return -ENOSPC;
		note_change(frames, table);
		note_change(frames, in);
		*entry = table | R0_PAGE_P | R0_PAGE_RW | R0_PAGE_A | (bits & R0_PAGE_US);
	} else if (*entry & R0_PAGE_PS) {
		return -EEXIST;
	}
	*below = *entry & R0_PAGE_ADDRESS;
	return 0;
}

static int map_one(struct frames *frames, uint64_t root, uint64_t address, uint64_t value,
		   unsigned int lowest)
{
	uint64_t table = root;
	uint64_t *entry;
	unsigned int level;
	int err;

	for (level = 3; level > lowest; level--) {
		entry = entry_at(frames, table, address, level);
		if (!entry)
			return -EFAULT;
		err = descend(frames, entry, table, value, &table);
		if (err)
			return err;
	}
	entry = entry_at(frames, table, address, lowest);
	if (!entry)
		return -EFAULT;
	if (lowest && (*entry & R0_PAGE_P) && !(*entry & R0_PAGE_PS))
		return -EEXIST;
	*entry = value;
	note_change(frames, table);
	return 0;
}

/* Whether a large page in the way maps the address as a page of that value would. */
static bool is_mapped_so(const struct frames *frames, uint64_t root, uint64_t address,
			 uint64_t value)
{
	r0_gpa physical;
	uint64_t bits;

	return page_table_walk(frames, root, gva(address), &physical, &bits) &&
	       (physical.value | (bits & ~R0_PAGE_PS)) == value;
}

int page_table_map(struct frames *frames, uint64_t root, r0_gva gva, r0_gpa gpa, uint64_t size,
		   uint64_t bits, bool large)
{
	uint64_t address = gva.value, physical = gpa.value, left = size;
	uint64_t common = bits | R0_PAGE_P | R0_PAGE_A | (bits & R0_PAGE_RW ? R0_PAGE_D : 0);

	while (left) {
		bool two_mib = large && !((address | physical) & (LARGE_SIZE - 1)) &&
			       left >= LARGE_SIZE;
		uint64_t step = two_mib ? LARGE_SIZE : PAGE_SIZE;
		int err = two_mib ? map_one(frames, root, address, physical | common | R0_PAGE_PS,
					    1) :
				    -EEXIST;

		if (err == -EEXIST) {
			/* Small pages, also where some are already. */
			step = PAGE_SIZE;
			err = map_one(frames, root, address, physical | common, 0);
		}
		if (err == -EEXIST && is_mapped_so(frames, root, address, physical | common))
			err = 0;
		if (err)
			return err;
		address += step;
		physical += step;
		left -= step;
	}
	return 0;
}

/* A table outside the frames is none. */
static bool read_entry(void *context, uint64_t at, uint64_t *entry)
{
	const uint64_t *entries = frames_at(context, at);

	if (entries)
		*entry = entries[(at & (PAGE_SIZE - 1)) / sizeof(*entry)];
	return entries;
}

bool page_table_walk(const struct frames *frames, uint64_t root, r0_gva gva, r0_gpa *gpa,
		     uint64_t *bits)
{
	struct page_walk walk;

	if (!page_walk_is_canonical(gva.value, PAGE_WALK_LEVELS))
		return false;
	page_walk(&walk, root, PAGE_WALK_LEVELS, gva.value, read_entry, (void *)frames);
	if (!walk.mapped)
		return false;
	gpa->value = walk.physical;
	if (bits)
		*bits = walk.entries[walk.count - 1].value & ~R0_PAGE_ADDRESS;
	return true;
}

uint64_t page_table_cost(uint64_t start, uint64_t end)
{
	uint64_t cost = 0;
	unsigned int shift;

	for (shift = 21; shift <= 39; shift += 9)
		cost += ((end - 1) >> shift) - (start >> shift) + 1;
	return cost;
}

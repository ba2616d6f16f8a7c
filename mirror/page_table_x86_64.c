/* SPDX-License-Identifier: MIT */
/* Building and walking 4-level page tables. SDM vol. 3A, 4.5; APM vol. 2, 5.3. */
#include "mirror/page_table.h"
#include <errno.h>
#include <string.h>
#include <ring0/x86/paging.h>
#include "base/page_walk_x86_64.h"

#define LARGE_SIZE (1ul << 21)
#define HUGE_SIZE  (1ul << 30)

uint64_t page_table_make(struct frames *frames)
{
	return frames_take(frames, 1);
}

/* Addresses have 48 bits, of which the others repeat the last: SDM vol. 1, 3.3.7.1. */
bool page_table_has(uint64_t start, uint64_t last)
{
	return start <= last && (last < 1ull << 47 || start >= -(1ull << 47));
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
		frames_touch(frames, table, PAGE_SIZE);
		frames_touch(frames, in, PAGE_SIZE);
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
	frames_touch(frames, table, PAGE_SIZE);
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

/* The entry's bits but its address. */
static bool look_up(const struct frames *frames, uint64_t root, uint64_t address,
		    uint64_t *physical, uint64_t *bits)
{
	struct page_walk walk;

	if (!page_walk_is_canonical(address, PAGE_WALK_LEVELS))
		return false;
	page_walk(&walk, root, PAGE_WALK_LEVELS, address, read_entry, (void *)frames);
	if (!walk.mapped)
		return false;
	*physical = walk.physical;
	*bits = walk.entries[walk.count - 1].value & ~R0_PAGE_ADDRESS;
	return true;
}

/* Whether a large page in the way maps the address as a page of that value would. */
static bool is_mapped_so(const struct frames *frames, uint64_t root, uint64_t address,
			 uint64_t value)
{
	uint64_t bits, physical;

	return look_up(frames, root, address, &physical, &bits) &&
	       (physical | (bits & ~R0_PAGE_PS)) == value;
}

/* PCD and PWT are UC by the PAT of a reset: SDM vol. 3A, 11.12.4. */
static uint64_t bits_of(unsigned int rights)
{
	return (rights & PAGE_WRITE ? R0_PAGE_RW : 0) | (rights & PAGE_USER ? R0_PAGE_US : 0) |
	       (rights & PAGE_DEVICE ? R0_PAGE_PCD | R0_PAGE_PWT : 0) |
	       (rights & PAGE_EXECUTE ? 0 : R0_PAGE_NX);
}

static unsigned int rights_of(uint64_t bits)
{
	return (bits & R0_PAGE_RW ? PAGE_WRITE : 0) | (bits & R0_PAGE_US ? PAGE_USER : 0) |
	       (bits & R0_PAGE_PCD ? PAGE_DEVICE : 0) | (bits & R0_PAGE_NX ? 0 : PAGE_EXECUTE);
}

int page_table_map(struct frames *frames, uint64_t root, r0_gva gva, r0_gpa gpa, uint64_t size,
		   unsigned int rights, bool large)
{
	const uint64_t bits = bits_of(rights);
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

bool page_table_walk(const struct frames *frames, uint64_t root, r0_gva gva, r0_gpa *gpa,
		     unsigned int *rights)
{
	uint64_t bits;

	if (!look_up(frames, root, gva.value, &gpa->value, &bits))
		return false;
	if (rights)
		*rights = rights_of(bits);
	return true;
}

int64_t page_table_map_gigabytes(struct frames *frames, uint64_t root, r0_gva gva, uint64_t size)
{
	const uint64_t bits = R0_PAGE_P | R0_PAGE_RW | R0_PAGE_A | R0_PAGE_D | R0_PAGE_PS |
			      R0_PAGE_NX;
	uint64_t most = 512 * HUGE_SIZE, table = frames_take(frames, 1), at;
	uint64_t *entries = frames_at(frames, root);

	if (!table)
		return -ENOSPC;
	entries[gva.value >> 39 & 511] = table | R0_PAGE_P | R0_PAGE_RW | R0_PAGE_A;
	entries = frames_at(frames, table);
	size = size < most ? size : most;
	for (at = 0; at < size; at += HUGE_SIZE)
		entries[at / HUGE_SIZE] = at | bits;
	return (int64_t)size;
}

uint64_t page_table_cost(uint64_t start, uint64_t end)
{
	uint64_t cost = 0;
	unsigned int shift;

	for (shift = 21; shift <= 39; shift += 9)
		cost += ((end - 1) >> shift) - (start >> shift) + 1;
	return cost;
}

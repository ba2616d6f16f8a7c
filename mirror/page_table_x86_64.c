/* SPDX-License-Identifier: MIT */
/* Building and walking 4-level page tables. SDM vol. 3A, 4.5; APM vol. 2, 5.3. */
#include "mirror/page_table_x86_64.h"
#include <errno.h>
#include <string.h>

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
	uint64_t *entries = frames_at(frames, table & PTE_ADDRESS);

	return entries ? &entries[index_at(address, level)] : NULL;
}

/* The table below an entry; made if absent. The upper levels allow all, the lowest decides. */
static int descend(struct frames *frames, uint64_t *entry, uint64_t in, uint64_t bits,
		   uint64_t *below)
{
	if (!(*entry & PTE_PRESENT)) {
		uint64_t table = frames_take(frames, 1);

		if (!table)
			return -ENOSPC;
		note_change(frames, table);
		note_change(frames, in);
		*entry = table | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | (bits & PTE_USER);
	} else if (*entry & PTE_LARGE) {
		return -EEXIST;
	}
	*below = *entry & PTE_ADDRESS;
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
	if (lowest && (*entry & PTE_PRESENT) && !(*entry & PTE_LARGE))
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
	       (physical.value | (bits & ~PTE_LARGE)) == value;
}

int page_table_map(struct frames *frames, uint64_t root, r0_gva gva, r0_gpa gpa, uint64_t size,
		   uint64_t bits, bool large)
{
	uint64_t address = gva.value, physical = gpa.value, left = size;
	uint64_t common = bits | PTE_PRESENT | PTE_ACCESSED | (bits & PTE_WRITE ? PTE_DIRTY : 0);

	while (left) {
		bool two_mib = large && !((address | physical) & (LARGE_SIZE - 1)) &&
			       left >= LARGE_SIZE;
		uint64_t step = two_mib ? LARGE_SIZE : PAGE_SIZE;
		int err = two_mib ?
				  map_one(frames, root, address, physical | common | PTE_LARGE, 1) :
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
		     uint64_t *bits)
{
	uint64_t table = root;
	unsigned int level;

	/* Bits 63 to 47 are all alike in a canonical address. */
	if ((int64_t)gva.value >> 47 != 0 && (int64_t)gva.value >> 47 != -1)
		return false;
	for (level = 3;; level--) {
		const uint64_t *entry = entry_at(frames, table, gva.value, level);
		uint64_t within = (PAGE_SIZE << (9 * level)) - 1;

		if (!entry || !(*entry & PTE_PRESENT))
			return false;
		if (level && !((*entry & PTE_LARGE) && level < 3)) {
			table = *entry;
			continue;
		}
		gpa->value = (*entry & PTE_ADDRESS & ~within) | (gva.value & within);
		if (bits)
			*bits = *entry & ~PTE_ADDRESS;
		return true;
	}
}

uint64_t page_table_cost(uint64_t start, uint64_t end)
{
	uint64_t cost = 0;
	unsigned int shift;

	for (shift = 21; shift <= 39; shift += 9)
		cost += ((end - 1) >> shift) - (start >> shift) + 1;
	return cost;
}

/* SPDX-License-Identifier: MIT */
/* Page tables of four levels: SDM vol. 3A, 4.5; APM vol. 2, 5.3. */
#include "image/start/cpu/space_x86_64.h"
#include <ring0/x86.h>
#include "guest/text/bytes.h"
#include "image/start/cpu/memory_x86_64.h"
#include "image/start/cpu/tables_x86_64.h"
#include "image/start/hardware/power_x86_64.h"

#define ENTRIES 512
#define WORDS	(FRAME / sizeof(uint64_t))

#define GIGABYTE  (1ull << 30)
#define MEGABYTES (2ull << 20)

/* A table's entry, and a page's, without rights; the CPU has no reason to write to tables, as in the mirror. */
#define TABLE (R0_PAGE_P | R0_PAGE_RW | R0_PAGE_US | R0_PAGE_A)
#define PAGE  (R0_PAGE_P | R0_PAGE_A | R0_PAGE_D)

/* What R0_DIRECT_MAP reaches at most: an entry of the PML4. */
#define DIRECT_LIMIT_BITS 39

#define IMAGE_ENTRY (IMAGE_VIRTUAL >> 39 & (ENTRIES - 1))

struct page {
	uint64_t frame, pristine;
};

struct space space;

static struct page *pages;
static uint64_t page_count, page_capacity;
static uint64_t zero_frame;
static bool tables_are_kept; /* new tables are put back, too */

static void keep(uint64_t frame, uint64_t pristine)
{
	if (page_count == page_capacity)
		power_give_up("more than %llu pages are to be put back",
			      (unsigned long long)page_capacity);
	pages[page_count++] = (struct page){ frame, pristine };
}

static uint64_t new_table(void)
{
	uint64_t frame = memory_need(1);

	if (tables_are_kept) {
		keep(frame, 0);
		space.tables++;
	}
	return frame;
}

/* The entry of a level that maps an address, with the tables that it takes. */
static uint64_t *entry_of(uint64_t root, uint64_t address, int level)
{
	uint64_t table = root, *entry;
	int at;

	for (at = 4;; at--) {
		entry = (uint64_t *)r0_direct(table) +
			(address >> (12 + 9 * (at - 1)) & (ENTRIES - 1));
		if (at == level)
			return entry;
		if (!*entry)
			*entry = new_table() | TABLE;
		table = *entry & R0_PAGE_ADDRESS;
	}
}

/* Most pages are next to the one before, in each of the spaces. */
static struct {
	uint64_t address; /* in units of 2 MiB */
	uint64_t *table;  /* NULL: none yet */
} last[3];

static void map(unsigned int which, uint64_t root, uint64_t address, uint64_t entry)
{
	if (!last[which].table || last[which].address != address >> 21) {
		last[which].table = entry_of(root, address & ~(MEGABYTES - 1), 1);
		last[which].address = address >> 21;
	}
	last[which].table[address >> 12 & (ENTRIES - 1)] = entry;
}

static void map_everywhere(uint64_t address, uint64_t entry, bool user)
{
	map(0, space.test, address, entry);
	map(1, space.start, address, entry);
	map(2, space.user, address, entry | (user ? R0_PAGE_US : 0));
}

static void add_run(const struct image_run *run, uint64_t stored)
{
	uint64_t rights = PAGE | (run->flags & IMAGE_RUN_EXECUTE ? 0 : R0_PAGE_NX), i;
	const bool user = run->flags & IMAGE_RUN_USER;

	for (i = 0; i < run->pages; i++) {
		uint64_t address = run->address + i * FRAME, frame;
		uint64_t from = stored + (run->first + i) * FRAME;

		if (run->flags & IMAGE_RUN_DEVICE) {
			map_everywhere(address,
				       address | rights | R0_PAGE_RW | R0_PAGE_PCD | R0_PAGE_PWT,
				       user);
			continue;
		}
		if (run->flags & IMAGE_RUN_ZERO)
			from = zero_frame;
		if (!(run->flags & IMAGE_RUN_WRITE)) {
			map_everywhere(address, from | rights, user);
			continue;
		}
		frame = memory_need(1);
		if (from != zero_frame)
			copy_bytes(r0_direct(frame), r0_direct(from), FRAME);
		keep(frame, from);
		space.writable++;
		map_everywhere(address, frame | rights | R0_PAGE_RW, user);
	}
}

/* All physical memory, whatever is there: of pages of 1 GiB, or as far as there is any. */
static void map_direct(uint64_t root, unsigned int physical_bits, bool gigabyte_pages)
{
	const unsigned int bits = physical_bits < DIRECT_LIMIT_BITS ? physical_bits :
								      DIRECT_LIMIT_BITS;
	uint64_t limit = 1ull << bits, step = gigabyte_pages ? GIGABYTE : MEGABYTES, at;
	const int level = gigabyte_pages ? 3 : 2;

	if (!gigabyte_pages) {
		uint64_t end = memory_end() > MEMORY_FIRST_LIMIT ? memory_end() :
								   MEMORY_FIRST_LIMIT;

		limit = end < limit ? end : limit;
	}
	for (at = 0; at < limit; at += step)
		*entry_of(root, R0_DIRECT_MAP + at, level) = at | PAGE | R0_PAGE_RW | R0_PAGE_PS |
							     R0_PAGE_NX;
	memory_reach(limit);
}

static uint64_t count_writable(const struct image_run *runs, uint64_t count)
{
	uint64_t writable = 0, i;

	for (i = 0; i < count; i++)
		if (runs[i].flags & IMAGE_RUN_WRITE)
			writable += runs[i].pages;
	return writable;
}

void space_build(const struct image_payload *payload, uint64_t pages_at, unsigned int physical_bits,
		 bool gigabyte_pages)
{
	const char *bytes = (const char *)payload;
	const struct image_run *runs = (const struct image_run *)(bytes + payload->runs_at);
	uint64_t i;

	/* Three tables a run and space would be many; of the direct map one a GiB. */
	page_capacity = count_writable(runs, payload->run_count) + 8 * payload->run_count + 64 +
			(memory_end() >> 30);
	pages = r0_direct(memory_need((page_capacity * sizeof(*pages) + FRAME - 1) / FRAME));
	zero_frame = memory_need(1);
	space.start = memory_need(1);
	map_direct(space.start, physical_bits, gigabyte_pages);
	((uint64_t *)r0_direct(space.start))[IMAGE_ENTRY] = start_table[IMAGE_ENTRY];
	r0_write_cr3(space.start);

	tables_are_kept = true;
	space.test = new_table();
	space.user = new_table();
	map_direct(space.test, physical_bits, gigabyte_pages);
	for (i = 0; i < payload->run_count; i++)
		add_run(&runs[i], pages_at);
	tables_are_kept = false;
}

static uint64_t frame_of(uint64_t address)
{
	const uint64_t *entry = r0_page_entry_of(space.test, address, 1);

	return entry && *entry & R0_PAGE_P ? *entry & R0_PAGE_ADDRESS : 0;
}

static void set_page(uint64_t address, const void *data, size_t size)
{
	uint64_t frame = frame_of(address), within = address & (FRAME - 1), i;

	if (!frame)
		power_give_up("%#llx is not in the program's memory", (unsigned long long)address);
	for (i = 0; i < page_count; i++) {
		if (pages[i].frame != frame)
			continue;
		if (pages[i].pristine == zero_frame)
			pages[i].pristine = memory_need(1);
		copy_bytes((char *)r0_direct(pages[i].pristine) + within, data, size);
	}
	copy_bytes((char *)r0_direct(frame) + within, data, size);
}

void space_set(uint64_t address, const void *data, size_t size)
{
	const char *from = data;

	while (size) {
		size_t room = FRAME - (address & (FRAME - 1)), step = size < room ? size : room;

		set_page(address, from, step);
		address += step;
		from += step;
		size -= step;
	}
}

void space_finish(void)
{
	uint64_t i;

	for (i = 0; i < page_count; i++) {
		if (pages[i].pristine)
			continue;
		pages[i].pristine = memory_need(1);
		copy_bytes(r0_direct(pages[i].pristine), r0_direct(pages[i].frame), FRAME);
	}
}

static bool differs(const uint64_t *a, const uint64_t *b)
{
	uint64_t difference;
	unsigned int i;

	for (i = 0; i < WORDS; i += 8) {
		difference = (a[i] ^ b[i]) | (a[i + 1] ^ b[i + 1]) | (a[i + 2] ^ b[i + 2]) |
			     (a[i + 3] ^ b[i + 3]) | (a[i + 4] ^ b[i + 4]) | (a[i + 5] ^ b[i + 5]) |
			     (a[i + 6] ^ b[i + 6]) | (a[i + 7] ^ b[i + 7]);
		if (difference)
			return true;
	}
	return false;
}

static bool has_content(const uint64_t *page)
{
	unsigned int i;

	for (i = 0; i < WORDS; i += 8)
		if (page[i] | page[i + 1] | page[i + 2] | page[i + 3] | page[i + 4] | page[i + 5] |
		    page[i + 6] | page[i + 7])
			return true;
	return false;
}

unsigned int space_reset(void)
{
	unsigned int changed = 0;
	uint64_t i;

	for (i = 0; i < page_count; i++) {
		void *frame = r0_direct(pages[i].frame);
		const void *pristine = r0_direct(pages[i].pristine);
		/* Most pages are of zeros: half as much to read. */
		bool has_changed = pages[i].pristine == zero_frame ? has_content(frame) :
								     differs(frame, pristine);

		if (!has_changed)
			continue;
		copy_bytes(frame, pristine, FRAME);
		changed++;
	}
	/* Tables that a test was given are no more. */
	fill_bytes(last, 0, sizeof(last));
	/* No translation is global (CR4.PGE is for tests): CR3 drops them all. */
	r0_write_cr3(space.start);
	return changed;
}

size_t space_read(uint64_t address, void *to, size_t size)
{
	char *at = to;
	size_t done = 0;

	while (done < size) {
		uint64_t within = (address + done) & (FRAME - 1), frame = frame_of(address + done);
		size_t room = FRAME - within, step = size - done < room ? size - done : room;

		if (!frame)
			break;
		copy_bytes(at + done, (const char *)r0_direct(frame) + within, step);
		done += step;
	}
	return done;
}

size_t space_write(uint64_t address, const void *from, size_t size)
{
	const char *at = from;
	size_t done = 0;

	while (done < size) {
		uint64_t here = address + done, within = here & (FRAME - 1);
		const uint64_t *entry = r0_page_entry_of(space.test, here, 1);
		size_t room = FRAME - within, step = size - done < room ? size - done : room;

		if (!entry || !(*entry & R0_PAGE_P) || !(*entry & R0_PAGE_RW))
			break;
		copy_bytes((char *)r0_direct(*entry & R0_PAGE_ADDRESS) + within, at + done, step);
		done += step;
	}
	return done;
}

void space_read_text(uint64_t address, char *to, size_t size)
{
	size_t length = space_read(address, to, size - 1), i;

	to[length] = '\0';
	i = length_of(to);
	to[i] = '\0';
}

bool space_is_free(uint64_t address, uint64_t size)
{
	uint64_t at;

	for (at = address; at < address + size; at += FRAME)
		if (frame_of(at))
			return false;
	return true;
}

bool space_add(uint64_t address, uint64_t physical, uint64_t size)
{
	uint64_t at;

	for (at = 0; at < size; at += FRAME) {
		const uint64_t entry = (physical + at) | PAGE | R0_PAGE_RW | R0_PAGE_NX;

		map(0, space.test, address + at, entry);
		map(2, space.user, address + at, entry | R0_PAGE_US);
	}
	return true;
}

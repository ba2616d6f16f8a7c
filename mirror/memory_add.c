/* SPDX-License-Identifier: MIT */
/* What a test has besides the program's memory: RAM, windows for mocks, and what mmap() gives out. */
#include "mirror/memory_add.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "mirror/shadow.h"

static int reach_error(int err, uint64_t start, uint64_t end, struct error *error)
{
	return error_set(error, -err, "mapping guest-physical %#llx to %#llx failed: %s",
			 (unsigned long long)start, (unsigned long long)end,
			 err == -ENOSPC ? "it takes more page tables than a VM has room for" :
					  strerror(-err));
}

/* Map guest-physical memory at the same virtual addresses, which are free. */
static int map_same(struct memory *memory, uint64_t start, uint64_t end)
{
	const struct mirror *mirror = memory->mirror;
	const unsigned int rights = PAGE_WRITE;
	int err = page_table_map(&memory->frames, mirror->root, gva(start), gpa(start), end - start,
				 rights, true);

	if (!err)
		err = page_table_map(&memory->frames, mirror->user_root, gva(start), gpa(start),
				     end - start, rights | PAGE_USER, true);
	return err;
}

/* Map whole pages of guest-physical memory for a test to reach. */
static int reach(struct memory *memory, uint64_t start, uint64_t end, struct error *error)
{
	const struct mirror *mirror = memory->mirror;
	uint64_t last = end < 1ull << 47 ? end : 1ull << 47, at = start;
	int err = 0;
	size_t i;

	if (end > mirror->direct_size && end <= 1ull << 46)
		err = page_table_map(&memory->frames, mirror->root, gva(mirror->direct_map + start),
				     gpa(start), end - start, PAGE_WRITE, true);
	/* Page 0 stays absent whatever is there: a NULL pointer must fault. */
	if (at == 0)
		at = PAGE_SIZE;
	/* What lies between the program's own mappings. */
	for (i = 0; i < mirror->part_count && at < last && !err; i++) {
		const struct map *map = &mirror->parts[i].map;

		if (map->end <= at)
			continue;
		if (map->start >= last)
			break;
		if (map->start > at)
			err = map_same(memory, at, map->start);
		at = map->end;
	}
	if (at < last && !err)
		err = map_same(memory, at, last);
	return err ? reach_error(err, start, end, error) : 0;
}

/* The first address of memory within a range, or false if there is none. */
static bool find_memory(const struct memory *memory, uint64_t start, uint64_t end, uint64_t *found)
{
	const struct frames *frames = &memory->frames;
	const struct mirror *mirror = memory->mirror;
	size_t i;

	*found = frames->base;
	if (ranges_overlap(start, end - start, frames->base, frames->count * PAGE_SIZE))
		return true;
	for (i = 0; i < memory->ram_count; i++) {
		*found = memory->ram[i].gpa;
		if (ranges_overlap(start, end - start, *found, memory->ram[i].size))
			return true;
	}
	for (i = 0; i < mirror->slot_count; i++) {
		*found = mirror->slots[i].gpa;
		if (ranges_overlap(start, end - start, *found, mirror->slots[i].size))
			return true;
	}
	return false;
}

static int check_range(const struct memory *memory, const char *attribute, uint64_t start,
		       uint64_t end, struct error *error)
{
	uint64_t found;

	if (end > memory->mirror->physical_limit)
		return error_set(error, EINVAL,
				 "%s lies past the CPU's physical addresses, which end at %#llx",
				 attribute, (unsigned long long)memory->mirror->physical_limit);
	if (find_memory(memory, start, end, &found))
		return error_set(error, EINVAL, "%s overlaps memory at %#llx", attribute,
				 (unsigned long long)found);
	return 0;
}

int memory_add_ram(struct memory *memory, uint64_t from, uint64_t to, struct error *error)
{
	struct memory_ram *ram;
	uint64_t size = to - from;
	char text[64];
	int err;

	snprintf(text, sizeof(text), ".ram %#llx to %#llx", (unsigned long long)from,
		 (unsigned long long)to);
	if (from >= to || (from | to) & (PAGE_SIZE - 1))
		return error_set(error, EINVAL, "%s is not a range of whole pages of 4096 bytes",
				 text);
	err = check_range(memory, text, from, to, error);
	if (err)
		return err;
	ram = realloc(memory->ram, (memory->ram_count + 1) * sizeof(*ram));
	if (!ram)
		return error_set(error, ENOMEM, "no memory");
	memory->ram = ram;
	ram += memory->ram_count;
	*ram = (struct memory_ram){
		.gpa = from,
		.size = size,
		.slot = memory->first_ram_slot + (uint32_t)memory->ram_count,
	};
	ram->host = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ram->host == MAP_FAILED)
		return error_set(error, errno, "mapping %llu MiB for .ram failed: %s",
				 (unsigned long long)size >> 20, strerror(errno));
	err = vm_set_slot(memory->vm,
			  &(struct vm_slot){ .number = ram->slot,
					     .address = gpa(from),
					     .size = size,
					     .host = ram->host },
			  NULL);
	if (err < 0) {
		munmap(ram->host, size);
		if (err == -EEXIST && ranges_overlap(from, size, vm_kept.address, vm_kept.size))
			return error_set(
				error, EEXIST,
				"%s can't be had: on this CPU, KVM needs %#llx to %#llx for real "
				"mode",
				text, (unsigned long long)vm_kept.address,
				(unsigned long long)(vm_kept.address + vm_kept.size - 1));
		return error_set(error, -err,
				 "%s can't be had: %s (it may overlap other .ram or lie past the "
				 "CPU's physical addresses)",
				 text, strerror(-err));
	}
	memory->ram_count++;
	return reach(memory, from, to, error);
}

int memory_add_window(struct memory *memory, uint64_t first, uint64_t last, struct error *error)
{
	uint64_t start = page_floor(first), end = page_ceiling(last + 1);
	struct mirror_range *windows;
	char text[64];
	int err;

	snprintf(text, sizeof(text), ".mmio %#llx to %#llx", (unsigned long long)first,
		 (unsigned long long)last);
	if (first > last || end <= start)
		return error_set(error, EINVAL, "%s is not a range", text);
	err = check_range(memory, text, start, end, error);
	if (err)
		return err;
	windows = realloc(memory->windows, (memory->window_count + 1) * sizeof(*windows));
	if (!windows)
		return error_set(error, ENOMEM, "no memory");
	memory->windows = windows;
	windows[memory->window_count++] = (struct mirror_range){ start, end };
	return reach(memory, start, end, error);
}

/* Whether the program has nothing at virtual addresses. */
static bool is_no_part(const struct mirror *mirror, uint64_t start, uint64_t end)
{
	size_t i;

	for (i = 0; i < mirror->part_count; i++)
		if (ranges_overlap(start, end - start, mirror->parts[i].map.start,
				   mirror->parts[i].map.end - mirror->parts[i].map.start))
			return false;
	return true;
}

/* Whether nothing is at these guest-physical addresses, nor at the same virtual ones. */
static bool is_free(const struct memory *memory, uint64_t start, uint64_t end)
{
	const struct mirror *mirror = memory->mirror;
	uint64_t found;
	size_t i;

	if (end > mirror->physical_limit || find_memory(memory, start, end, &found))
		return false;
	for (i = 0; i < memory->window_count; i++)
		if (ranges_overlap(start, end - start, memory->windows[i].start,
				   memory->windows[i].end - memory->windows[i].start))
			return false;
	return is_no_part(mirror, start, end);
}

/* The same on each CPU, as all have 36 bits of address, unless the test or the program has something there. */
int memory_add_heap(struct memory *memory, struct error *error)
{
	uint64_t start = 1ull << 35, moved = shadow_memory_from();
	int err;

	while (start >= MEMORY_HEAP_SIZE && !is_free(memory, start, start + MEMORY_HEAP_SIZE))
		start /= 2;
	if (start < MEMORY_HEAP_SIZE)
		return error_set(error, ENOMEM, "no addresses are free for a test's mmap()");
	err = memory_add_ram(memory, start, start + MEMORY_HEAP_SIZE, error);
	if (err)
		return err;
	/* Of many mappings a test touches the first page: not each is to cost 2 MiB. */
	madvise(memory->ram[memory->ram_count - 1].host, MEMORY_HEAP_SIZE, MADV_NOHUGEPAGE);
	memory->heap = (struct heap){ .start = start, .end = start + MEMORY_HEAP_SIZE };
	while (moved && !is_no_part(memory->mirror, moved, moved + MEMORY_HEAP_SIZE))
		moved += MEMORY_HEAP_SIZE;
	memory->heap_moved = moved ? moved - start : 0;
	return 0;
}

/* The page tables are for the next reset to put back, and no CPU keeps what they said: the heap's slot goes away. */
static int map_view(struct memory *memory, uint64_t address, uint64_t physical, uint64_t size,
		    struct error *error)
{
	const struct mirror *mirror = memory->mirror;
	int err = page_table_map(&memory->frames, mirror->root, gva(address), gpa(physical), size,
				 PAGE_WRITE, false);

	if (!err)
		err = page_table_map(&memory->frames, mirror->user_root, gva(address),
				     gpa(physical), size, PAGE_WRITE | PAGE_USER, false);
	return err ? reach_error(err, physical, physical + size, error) : 0;
}

int memory_add_moved(struct memory *memory, uint64_t physical, uint64_t size, struct error *error)
{
	return map_view(memory, physical + memory->heap_moved, physical, size, error);
}

static bool is_page_of_lower_half(uint64_t address, uint64_t size)
{
	return !(address & (PAGE_SIZE - 1)) &&
	       range_holds(PAGE_SIZE, (1ull << 47) - PAGE_SIZE, address, size);
}

/* Whether a test has not been given anything there, either. */
static bool is_unmapped(const struct memory *memory, uint64_t start, uint64_t size)
{
	uint64_t at = start;
	r0_gpa physical;

	if (!is_no_part(memory->mirror, start, start + size) ||
	    (memory->heap_moved &&
	     ranges_overlap(start, size, memory->heap.start + memory->heap_moved,
			    MEMORY_HEAP_SIZE)))
		return false;
	while (at < start + size &&
	       !page_table_walk(&memory->frames, memory->mirror->root, gva(at), &physical, NULL))
		at += PAGE_SIZE;
	return at >= start + size;
}

int memory_add_view(struct memory *memory, uint64_t address, uint64_t physical, uint64_t size,
		    struct error *error)
{
	if (!is_page_of_lower_half(address, size) || !is_unmapped(memory, address, size))
		return error_set(error, EEXIST, "mmap() at %#llx: something is there",
				 (unsigned long long)address);
	return map_view(memory, address, physical, size, error);
}

static void drop_ram(struct memory *memory)
{
	size_t i;

	for (i = 0; i < memory->ram_count; i++) {
		vm_set_slot(memory->vm,
			    &(struct vm_slot){ .number = memory->ram[i].slot,
					       .address = gpa(memory->ram[i].gpa) },
			    NULL);
		munmap(memory->ram[i].host, memory->ram[i].size);
	}
	free(memory->ram);
	memory->ram = NULL;
	memory->ram_count = 0;
	heap_finish(&memory->heap);
}

void memory_add_undo(struct memory *memory)
{
	if (memory->ram_count)
		drop_ram(memory);
	free(memory->windows);
	memory->windows = NULL;
	memory->window_count = 0;
}

/* SPDX-License-Identifier: MIT */
/* A kernel's file as regions of its address space. */
#include "boot/regions.h"
#include <elf.h>
#include <sys/mman.h>

/* From the page of the stack pointer on. */
#define STACK_SHOWN (16 * PAGE_SIZE)

/* Sorted in by address; one that overlaps another is left out. */
static void add(struct boot_regions *regions, const struct crash_region *region)
{
	struct crash_region *list = regions->regions;
	size_t at = regions->count, i;

	if (region->end <= region->start)
		return;
	for (i = 0; i < regions->count; i++)
		if (ranges_overlap(list[i].start, list[i].end - list[i].start, region->start,
				   region->end - region->start))
			return;
	for (; at > 0 && list[at - 1].start > region->start; at--)
		list[at] = list[at - 1];
	list[at] = *region;
	regions->count++;
}

static int protection_of(const struct elf_segment *segment)
{
	return (segment->flags & PF_R ? PROT_READ : 0) | (segment->flags & PF_W ? PROT_WRITE : 0) |
	       (segment->flags & PF_X ? PROT_EXEC : 0);
}

static void add_segment(struct boot_regions *regions, const struct elf_segment *segment,
			const char *path)
{
	uint64_t start = page_floor(segment->virtual_address);
	uint64_t before = segment->virtual_address - start;
	const struct crash_region region = {
		.start = start,
		.end = page_ceiling(segment->virtual_address + segment->memory_size),
		.file_offset = segment->offset - before,
		.path = path,
		.prot = protection_of(segment),
		.own = true,
	};

	/* No file is mapped from the middle of a page on. */
	if (segment->offset < before || region.file_offset % PAGE_SIZE)
		return;
	add(regions, &region);
}

/* So far before the first segment as that is from the file's start. */
static void add_header(struct boot_regions *regions, const struct elf_segment *first,
		       const char *path)
{
	const struct crash_region region = {
		.start = page_floor(first->virtual_address - first->offset),
		.end = page_floor(first->virtual_address - first->offset) + PAGE_SIZE,
		.path = path,
		.prot = PROT_READ,
	};
	size_t before = regions->count;

	if (first->offset < PAGE_SIZE || (first->virtual_address - first->offset) % PAGE_SIZE)
		return;
	add(regions, &region);
	regions->has_header = regions->count > before;
	regions->header_at = region.start;
}

void boot_regions_init(struct boot_regions *regions, const struct boot_image *image,
		       const char *path)
{
	struct elf_segment segment, first = { 0 };
	struct elf_file file;
	unsigned int i;

	regions->count = 0;
	regions->has_header = false;
	regions->image = *image;
	if (elf_file_open(&file, image, NULL))
		return;
	for (i = 0; i < file.segment_count; i++) {
		if (elf_file_segment(&file, i, &segment, NULL) || segment.type != PT_LOAD ||
		    !segment.memory_size)
			continue;
		if (!first.memory_size)
			first = segment;
		add_segment(regions, &segment, path);
	}
	if (first.memory_size)
		add_header(regions, &first, path);
}

void boot_regions_add_stack(struct boot_regions *regions, uint64_t sp)
{
	const uint64_t start = page_floor(sp);
	struct crash_region region = {
		.start = start,
		.end = start,
		.prot = PROT_READ | PROT_WRITE,
		.own = true,
	};
	size_t i;

	/* Up to what is next, if that is near. */
	for (; region.end - start < STACK_SHOWN && region.end + PAGE_SIZE > start;
	     region.end += PAGE_SIZE)
		for (i = 0; i < regions->count; i++)
			if (ranges_overlap(region.end, PAGE_SIZE, regions->regions[i].start,
					   regions->regions[i].end - regions->regions[i].start)) {
				add(regions, &region);
				return;
			}
	add(regions, &region);
}

void boot_regions_add_code(struct boot_regions *regions, uint64_t ip)
{
	const struct crash_region region = {
		.start = page_floor(ip),
		.end = page_floor(ip) + PAGE_SIZE,
		.prot = PROT_READ | PROT_EXEC,
		.own = true,
	};

	add(regions, &region);
}

size_t boot_regions_read_header(const struct boot_regions *regions, uint64_t address, void *to,
				size_t size)
{
	uint64_t offset = address - regions->header_at, left;

	if (!regions->has_header || offset >= PAGE_SIZE || offset >= regions->image.size)
		return 0;
	left = regions->image.size - offset;
	if (left > PAGE_SIZE - offset)
		left = PAGE_SIZE - offset;
	size = size < left ? size : left;
	memcpy(to, regions->image.data + offset, size);
	return size;
}

/* SPDX-License-Identifier: MIT */
/* Code, page by page: making its pages, reading and changing it. */
#include "mirror/code.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "mirror/content.h"
#include "mirror/upper_half.h"

/* Put what ring 0 is shown into its page, which comes to that frame. */
static void show(struct mirror *mirror, uint64_t frame, const struct code_page *page,
		 uint8_t *bytes)
{
	size_t i;

	for (i = 0; i < page->shown_count; i++) {
		uint8_t *byte = bytes + (page->shown[i].address - page->address);

		if (!page->shown[i].replaces)
			mirror->patched[mirror->patched_count++] = (struct mirror_patched){
				.gpa = frame + (page->shown[i].address - page->address),
				.shown = page->shown[i].value,
				.original = *byte,
			};
		*byte = page->shown[i].value;
	}
}

/* A frame with a page of the process's, in one set of page tables. Returns its address, or 0 with an error. */
static uint64_t copy_page(struct mirror *mirror, uint64_t root, uint64_t page, unsigned int rights,
			  int *err)
{
	uint64_t frame = frames_take(&mirror->frames, 1);

	*err = -ENOSPC;
	if (!frame)
		return 0;
	*err = content_copy(mirror, upper_half_source(page), PAGE_SIZE, frame);
	if (!*err)
		*err = page_table_map(&mirror->frames, root, gva(page), gpa(frame), PAGE_SIZE,
				      rights, false);
	return *err ? 0 : frame;
}

/*
 * Change a page by the file, not through the mapping of the frames, where each of these pages, which nothing else
 * touches, would cost a page fault.
 */
static int show_page(struct mirror *mirror, uint64_t frame, const struct code_page *page)
{
	const off_t offset = (off_t)(frame - mirror->frames.base);
	uint8_t bytes[PAGE_SIZE];

	if (pread(mirror->fd, bytes, PAGE_SIZE, offset) != (ssize_t)PAGE_SIZE)
		return -EIO;
	show(mirror, frame, page, bytes);
	return pwrite(mirror->fd, bytes, PAGE_SIZE, offset) == (ssize_t)PAGE_SIZE ? 0 : -EIO;
}

static int prepare_page(struct mirror *mirror, const struct mirror_part *part,
			const struct code_page *page)
{
	const unsigned int rights = content_rights_of(&part->map);
	/* What has no page of the process behind it is the VMs' own anyway. */
	const bool own = page->own && !part->from;
	uint64_t frame;
	int err;

	if (part->kind == MIRROR_SPARSE || part->map.write || !(own || page->shown_count))
		return 0;
	frame = copy_page(mirror, mirror->root, page->address, rights, &err);
	if (!err && page->shown_count)
		err = show_page(mirror, frame, page);
	if (!err && own)
		copy_page(mirror, mirror->user_root, page->address, rights | PAGE_USER, &err);
	return err;
}

/* What is nowhere is told when it is needed. */
int code_prepare(struct mirror *mirror, const struct code_patches *patches)
{
	struct code_page_walk walk = { 0 };
	struct code_page page;
	size_t part = 0;
	int err = 0;

	mirror->patched = calloc(patches->shown_count + 1, sizeof(*mirror->patched));
	if (!mirror->patched)
		return -ENOMEM;
	while (!err && code_patches_next(patches, &walk, &page)) {
		while (part < mirror->part_count && mirror->parts[part].map.end <= page.address)
			part++;
		if (part < mirror->part_count && mirror->parts[part].map.start <= page.address)
			err = prepare_page(mirror, &mirror->parts[part], &page);
	}
	return err;
}

void code_unpatch(const struct mirror *mirror, r0_gpa address, uint8_t *bytes, size_t size)
{
	size_t low = 0, high = mirror->patched_count;

	if (!high || address.value > mirror->patched[high - 1].gpa)
		return;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (mirror->patched[middle].gpa < address.value)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < mirror->patched_count; low++) {
		const struct mirror_patched *patched = &mirror->patched[low];

		if (!range_holds(address.value, size, patched->gpa, 1))
			break;
		/* A test may have written there since, by way of the direct map. */
		if (bytes[patched->gpa - address.value] == patched->shown)
			bytes[patched->gpa - address.value] = patched->original;
	}
}

static uint64_t root_of(const struct mirror *mirror, enum code_of whose)
{
	return whose == CODE_OF_RING_0 ? mirror->root : mirror->user_root;
}

static size_t left_in_page(uint64_t address, size_t size)
{
	size_t left = PAGE_SIZE - (address & (PAGE_SIZE - 1));

	return size < left ? size : left;
}

/* Code of a mapping that is shown as it is: the process's own. */
static bool read_process(uint64_t address, void *to, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

size_t code_read(const struct mirror *mirror, enum code_of whose, uint64_t address, void *to,
		 size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t step = left_in_page(address + done, size - done);
		const uint8_t *frame;
		r0_gpa physical;

		if (!page_table_walk(&mirror->frames, root_of(mirror, whose), gva(address + done),
				     &physical, NULL))
			break;
		frame = frames_at(&mirror->frames, physical.value);
		if (frame)
			memcpy((uint8_t *)to + done, frame + (physical.value & (PAGE_SIZE - 1)),
			       step);
		else if (!read_process(address + done, (uint8_t *)to + done, step))
			break;
		done += step;
	}
	return done;
}

/* Into one view of it, where the pages are in these frames; `touch` if a reset is to undo it. */
static int write_to(const struct frames *frames, uint64_t root, bool touch, uint64_t address,
		    const void *from, size_t size)
{
	size_t done, step;

	for (done = 0; done < size; done += step) {
		r0_gpa physical;
		uint8_t *frame;

		step = left_in_page(address + done, size - done);
		if (!page_table_walk(frames, root, gva(address + done), &physical, NULL))
			return -EFAULT;
		frame = frames_at(frames, physical.value);
		if (!frame)
			return -EFAULT;
		memcpy(frame + (physical.value & (PAGE_SIZE - 1)), (const uint8_t *)from + done,
		       step);
		/* Of instructions that were executed there before. */
		__builtin___clear_cache((char *)frame, (char *)frame + PAGE_SIZE);
		if (touch)
			frames_touch(frames, physical.value, step);
	}
	return 0;
}

int code_write(struct mirror *mirror, enum code_of whose, uint64_t address, const void *from,
	       size_t size)
{
	return write_to(&mirror->frames, root_of(mirror, whose), false, address, from, size);
}

int code_change(struct memory *memory, uint64_t address, const void *from, size_t size)
{
	const struct mirror *mirror = memory->mirror;
	int err = write_to(&memory->frames, mirror->root, true, address, from, size);

	if (!err)
		err = write_to(&memory->frames, mirror->user_root, true, address, from, size);
	return err;
}

/* SPDX-License-Identifier: MIT */
/* Building the mirror: its frames, their content, and its page-table entries. */
#include "mirror/mirror.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/bitmap.h"
#include "mirror/code.h"
#include "mirror/content.h"
#include "mirror/layout.h"
#include "mirror/resident.h"
#include "mirror/upper_half.h"

static size_t changed_size(const struct mirror *mirror)
{
	return bitmap_words(mirror->frames.count) * sizeof(uint64_t);
}

static int make_snapshot(struct mirror *mirror, const struct mirror_config *config, int pagemap,
			 struct error *error)
{
	struct rlimit limit;
	uint64_t size;
	int err = layout_choose(mirror, config, pagemap, error);

	if (err)
		return err;
	size = mirror->frames.count * PAGE_SIZE;
	/* Past it, ftruncate() raises SIGXFSZ, which ends the program. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < size)
		return error_set(
			error, EFBIG,
			"the snapshot of the program takes %llu KiB, and files may have %llu: "
			"raise the limit (ulimit -f)",
			(unsigned long long)size >> 10, (unsigned long long)limit.rlim_cur >> 10);
	mirror->fd = memfd_create(MIRROR_MEMFD_NAME, MFD_CLOEXEC);
	if (mirror->fd < 0 || ftruncate(mirror->fd, (off_t)size) < 0)
		return error_set(error, errno, "making a memfd of %llu KiB failed: %s",
				 (unsigned long long)size >> 10, strerror(errno));
	mirror->frames.bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, mirror->fd, 0);
	if (mirror->frames.bytes == MAP_FAILED) {
		mirror->frames.bytes = NULL;
		return error_set(error, errno, "mapping the snapshot failed: %s", strerror(errno));
	}
	/* What page_table_map() changes while the mirror is made are its page tables. */
	mirror->frames.changed = mmap(NULL, changed_size(mirror), PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mirror->frames.changed == MAP_FAILED) {
		mirror->frames.changed = NULL;
		return error_set(error, errno, "no memory for the snapshot: %s", strerror(errno));
	}
	return 0;
}

/* The frames that these pages have as parts of theirs are not used. */
static int map_always_written(struct mirror *mirror, const struct mirror_range *range)
{
	uint64_t page, frame;
	int err = 0;

	for (page = range->start; page < range->end && !err; page += PAGE_SIZE) {
		const struct mirror_part *part = mirror_find(mirror, page);

		if (!part || mirror->always == MIRROR_ALWAYS)
			return -EINVAL;
		frame = mirror->frames.base + mirror->always++ * PAGE_SIZE;
		err = content_copy(mirror, page, PAGE_SIZE, frame);
		if (!err)
			err = content_map(mirror, page, PAGE_SIZE, frame,
					  content_rights_of(&part->map));
	}
	return err;
}

static int fill(struct mirror *mirror, const struct mirror_config *config, int pagemap)
{
	uint64_t next = mirror->frames.base + mirror->frames.count * PAGE_SIZE;
	size_t i;
	int err = 0;

	if (config->always_written_count)
		mirror->frames.used = MIRROR_ALWAYS;
	mirror->root = page_table_make(&mirror->frames);
	mirror->user_root = page_table_make(&mirror->frames);
	for (i = 0; i < mirror->part_count && !err; i++) {
		struct mirror_part *part = &mirror->parts[i];

		if (part->kind == MIRROR_COPY)
			err = content_copy_part(mirror, part, pagemap);
		else if (part->kind == MIRROR_SPARSE)
			err = content_copy_sparse(mirror, part, pagemap);
		else
			err = content_show_direct(mirror, part, &next);
	}
	mirror->hole = next;
	for (i = 0; i < config->always_written_count && !err; i++)
		err = map_always_written(mirror, &config->always_written[i]);
	return err;
}

static int by_frame(const void *first, const void *second)
{
	const struct mirror_counted *a = first, *b = second;

	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

/* Find the frames that have the process's counters. */
static int find_counted(struct mirror *mirror)
{
	const struct counters *counters = mirror->counters;
	uint64_t done = 0, page;
	size_t pages = 0, i;

	for (i = 0; counters && i < counters->count; i++)
		pages += (counters->ranges[i].end - page_floor(counters->ranges[i].start)) /
				 PAGE_SIZE +
			 1;
	if (!pages)
		return 0;
	mirror->counted = calloc(pages, sizeof(*mirror->counted));
	mirror->is_counted = calloc(bitmap_words(mirror->frames.count), sizeof(uint64_t));
	if (!mirror->counted || !mirror->is_counted)
		return -ENOMEM;
	for (i = 0; i < counters->count; i++) {
		page = page_floor(counters->ranges[i].start);
		for (page = page < done ? done : page; page < counters->ranges[i].end;
		     page += PAGE_SIZE) {
			struct mirror_counted *counted = &mirror->counted[mirror->counted_count];
			r0_gpa physical;

			if (!page_table_walk(&mirror->frames, mirror->root, gva(page), &physical,
					     NULL) ||
			    !frames_at(&mirror->frames, physical.value))
				continue;
			counted->frame = (physical.value - mirror->frames.base) / PAGE_SIZE;
			counted->address = page;
			bitmap_set(mirror->is_counted, counted->frame);
			mirror->counted_count++;
		}
		done = page > done ? page : done;
	}
	qsort(mirror->counted, mirror->counted_count, sizeof(*mirror->counted), by_frame);
	return 0;
}

/* Take away the user bit, in ring 3's tables, from what is ring 0's. */
static int keep_from_user(struct mirror *mirror, const struct mirror_range *range)
{
	unsigned int rights;
	r0_gpa physical;
	uint64_t at;
	int err = 0;

	for (at = range->start; at < range->end && !err; at += PAGE_SIZE)
		if (page_table_walk(&mirror->frames, mirror->root, gva(at), &physical, &rights))
			err = page_table_map(&mirror->frames, mirror->user_root, gva(at), physical,
					     PAGE_SIZE, rights & ~PAGE_USER, false);
	return err;
}

/*
 * Map guest-physical memory in ring 0's tables, whatever is there: an access to what is not leaves
 * the VM, and can be named. Without pages of 1 GiB only the first 4 GiB and the mirror's own.
 */
static int map_direct(struct mirror *mirror, const struct mirror_config *config)
{
	unsigned int limit = config->physical_bits < 39 ? config->physical_bits : 39;
	int64_t size;

	mirror->direct_map = config->direct_map;
	mirror->physical_limit = 1ull << config->physical_bits;
	if (config->gigabyte_pages) {
		size = page_table_map_gigabytes(&mirror->frames, mirror->root,
						gva(config->direct_map), 1ull << limit);
		mirror->direct_size = size < 0 ? 0 : (uint64_t)size;
		return size < 0 ? (int)size : 0;
	}
	mirror->direct_size = 8 * GIB;
	return page_table_map(&mirror->frames, mirror->root, gva(config->direct_map), gpa(0),
			      mirror->direct_size, PAGE_WRITE, true);
}

static int map_device(struct mirror *mirror, uint64_t page)
{
	if (mirror_find(mirror, page))
		return 0;
	return content_map(mirror, page, PAGE_SIZE, page, PAGE_WRITE | PAGE_DEVICE);
}

int mirror_create(struct mirror **result, const struct mirror_config *config, struct error *error)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	struct mirror *mirror = calloc(1, sizeof(*mirror));
	size_t i;
	int err;

	if (!mirror) {
		err = error_set(error, ENOMEM, "no memory");
		goto close;
	}
	mirror->fd = -1;
	mirror->counters = config->counters;
	mirror->hidden = config->hidden;
	err = layout_list(mirror, error);
	if (!err)
		err = upper_half_check(config->direct_map, error);
	if (!err)
		err = make_snapshot(mirror, config, pagemap, error);
	if (!err)
		err = fill(mirror, config, pagemap);
	if (!err)
		err = find_counted(mirror);
	if (!err && config->code)
		err = code_prepare(mirror, config->code);
	if (!err)
		err = map_direct(mirror, config);
	for (i = 0; i < config->device_count && !err; i++)
		err = map_device(mirror, config->devices[i]);
	for (i = 0; i < config->supervisor_count && !err; i++)
		err = keep_from_user(mirror, &config->supervisor[i]);
	if (err) {
		error_set(error, -err, "mirroring the program's memory failed: %s", strerror(-err));
		mirror_destroy(mirror);
		goto close;
	}
	*result = mirror;
close:
	if (pagemap >= 0)
		close(pagemap);
	return err;
}

void mirror_destroy(struct mirror *mirror)
{
	if (!mirror)
		return;
	if (mirror->frames.changed)
		munmap(mirror->frames.changed, changed_size(mirror));
	if (mirror->frames.bytes)
		munmap(mirror->frames.bytes, mirror->frames.count * PAGE_SIZE);
	if (mirror->fd >= 0)
		close(mirror->fd);
	free(mirror->is_counted);
	free(mirror->counted);
	free(mirror->patched);
	free(mirror->slots);
	free(mirror->parts);
	maps_finish(&mirror->maps);
	free(mirror);
}

const struct mirror_part *mirror_find(const struct mirror *mirror, uint64_t address)
{
	size_t low = 0, high = mirror->part_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct mirror_part *part = &mirror->parts[middle];

		if (address < part->map.start)
			high = middle;
		else if (address >= part->map.end)
			low = middle + 1;
		else
			return part;
	}
	return NULL;
}

int mirror_write(struct mirror *mirror, r0_gva address, const void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		uint64_t at = address.value + done;
		size_t left = PAGE_SIZE - (at & (PAGE_SIZE - 1));
		size_t step = size - done < left ? size - done : left;
		r0_gpa physical;
		uint8_t *frame;

		if (!page_table_walk(&mirror->frames, mirror->root, gva(at), &physical, NULL))
			return -EFAULT;
		frame = frames_at(&mirror->frames, physical.value);
		if (!frame)
			return -EFAULT;
		memcpy(frame + (physical.value & (PAGE_SIZE - 1)), (const uint8_t *)data + done,
		       step);
		done += step;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* What a mirror's frames hold, and where they appear: see content.h. */
#include "mirror/content.h"
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "mirror/resident.h"
#include "mirror/shadow.h"

unsigned int content_rights_of(const struct map *map)
{
	return (map->write ? PAGE_WRITE : 0) | (map->execute ? PAGE_EXECUTE : 0);
}

int content_map(struct mirror *mirror, uint64_t start, uint64_t size, uint64_t physical,
		unsigned int rights)
{
	int err = page_table_map(&mirror->frames, mirror->root, gva(start), gpa(physical), size,
				 rights, false);

	if (!err)
		err = page_table_map(&mirror->frames, mirror->user_root, gva(start), gpa(physical),
				     size, rights | PAGE_USER, false);
	return err;
}

/*
 * By pwrite(), which stops at a page that can't be read, as past
 * a file's end or in the kernel's own mappings, where a memcpy() would raise SIGBUS; not by libc's,
 * to which sanitizers would object: they have an opinion on every byte of the program.
 */
int content_copy(struct mirror *mirror, uint64_t from, uint64_t size, uint64_t to)
{
	uint64_t done = 0;

	while (done < size) {
		long put = syscall(SYS_pwrite64, mirror->fd, from + done, size - done,
				   to - mirror->frames.base + done);

		if (put < 0 && errno != EFAULT && errno != EINTR)
			return -errno;
		/* Leave an unreadable page zero, and go on behind it. */
		if (put > 0)
			done += (uint64_t)put;
		else if (put == 0 || errno == EFAULT)
			done = page_floor(done) + PAGE_SIZE;
	}
	return 0;
}

/* Copy the resident pages of a part to the frames from part->gpa on, in runs. */
static int copy_resident(struct mirror *mirror, const struct mirror_part *part, int pagemap)
{
	const struct map *map = &part->map;
	struct resident window;
	size_t page, run;
	uint64_t at;
	int err = 0;

	for (at = map->start; at < map->end; at += window.count * PAGE_SIZE) {
		resident_look(&window, map, pagemap, at, map->end);
		for (page = 0; page < window.count && !err; page += run) {
			const bool resident = window.is[page];
			uint64_t from = at + page * PAGE_SIZE;

			run = 1;
			while (page + run < window.count && window.is[page + run] == resident)
				run++;
			if (resident)
				err = content_copy(mirror, from, run * PAGE_SIZE,
						   part->gpa + (from - map->start));
		}
	}
	return err;
}

/* Map a part but for what is hidden of it. */
static int map_shown(struct mirror *mirror, const struct mirror_part *part)
{
	const struct map *map = &part->map;
	uint64_t start = mirror->hidden.start, end = mirror->hidden.end;
	int err;

	start = start < map->start ? map->start : start;
	end = end > map->end ? map->end : end;
	if (start >= end)
		return content_map(mirror, map->start, map->end - map->start, part->gpa,
				   content_rights_of(map));
	err = content_map(mirror, map->start, start - map->start, part->gpa,
			  content_rights_of(map));
	if (!err)
		err = content_map(mirror, end, map->end - end, part->gpa + (end - map->start),
				  content_rights_of(map));
	return err;
}

int content_copy_part(struct mirror *mirror, struct mirror_part *part, int pagemap)
{
	const struct map *map = &part->map;
	int err;

	part->gpa = frames_take(&mirror->frames, (map->end - map->start) / PAGE_SIZE);
	if (!part->gpa)
		return -ENOSPC;
	err = part->from ? content_copy(mirror, part->from, part->from_size, part->gpa) :
			   copy_resident(mirror, part, pagemap);
	if (err)
		return err;
	return map_shown(mirror, part);
}

static int copy_sparse_page(struct mirror *mirror, const struct map *map, uint64_t at)
{
	uint64_t frame = frames_take(&mirror->frames, 1);
	int err;

	if (!frame)
		return -ENOSPC;
	err = content_copy(mirror, at, PAGE_SIZE, frame);
	if (err)
		return err;
	return content_map(mirror, at, PAGE_SIZE, frame, content_rights_of(map));
}

static int copy_sparse_range(struct mirror *mirror, const struct map *map, uint64_t start,
			     uint64_t end, int pagemap)
{
	struct resident window;
	uint64_t at;
	size_t page;
	int err = 0;

	for (at = start; at < end; at += window.count * PAGE_SIZE) {
		resident_look(&window, map, pagemap, at, end);
		for (page = 0; page < window.count && !err; page++)
			if (window.is[page] ||
			    (mirror->counters &&
			     counters_on_page(mirror->counters, at + page * PAGE_SIZE)))
				err = copy_sparse_page(mirror, map, at + page * PAGE_SIZE);
	}
	return err;
}

int content_copy_sparse(struct mirror *mirror, const struct mirror_part *part, int pagemap)
{
	const struct map *map = &part->map;
	struct shadow_walk walk = { 0 };
	struct mirror_range range;
	int err = 0;

	if (resident_is_searched(map))
		return copy_sparse_range(mirror, map, map->start, map->end, pagemap);
	while (!err && shadow_next(mirror, map, &walk, &range))
		err = copy_sparse_range(mirror, map, range.start, range.end, pagemap);
	return err;
}

int content_show_direct(struct mirror *mirror, struct mirror_part *part, uint64_t *next)
{
	struct mirror_slot *last = mirror->slot_count ? &mirror->slots[mirror->slot_count - 1] :
							NULL;
	uint64_t size = part->map.end - part->map.start;

	part->gpa = *next;
	*next += size;
	if (last && last->host + last->size == part->map.start)
		last->size += size;
	else
		mirror->slots[mirror->slot_count++] = (struct mirror_slot){
			.host = part->map.start,
			.gpa = part->gpa,
			.size = size,
		};
	return content_map(mirror, part->map.start, size, part->gpa, content_rights_of(&part->map));
}

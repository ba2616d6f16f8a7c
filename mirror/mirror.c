/* SPDX-License-Identifier: MIT */
/* Building the mirror: what becomes of each mapping, its frames, its page-table entries. */
#include "mirror/mirror.h"
#include "base/bitmap.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GIB (1ull << 30)

/* Larger mappings are not given frames for pages that were never touched. */
#define SPARSE_FROM (64ull << 20)

/* In larger ones, sanitizers' shadows, even looking for the touched pages takes too long. */
#define SEARCH_LIMIT (64 * GIB)

/* Frames for what VMs add while a test runs: page tables for its .ram, and sparse pages. */
#define SPARE_FRAMES	 256
#define SPARE_FOR_SPARSE (64 * 256)

#define USER_ADDRESSES (1ull << 47)

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/*
 * Mappings that have no place in a VM: absent memory, KVM's and our own, and devices, where a read
 * may have effects.
 */
static bool is_left_out(const struct map *map)
{
	if (!map->read && !map->write)
		return true;
	if (map->start >= USER_ADDRESSES)
		return true;
	if (starts_with(map->path, "anon_inode:") ||
	    starts_with(map->path, "/memfd:" MIRROR_MEMFD_NAME))
		return true;
	/* A PCI device's registers are files of sysfs and procfs; huge pages are mere memory. */
	if (starts_with(map->path, "/sys/") || starts_with(map->path, "/proc/") ||
	    starts_with(map->path, "/dmabuf:"))
		return true;
	return starts_with(map->path, "/dev/") && !starts_with(map->path, "/dev/shm/") &&
	       !starts_with(map->path, "/dev/hugepages/") && !starts_with(map->path, "/dev/zero");
}

static enum mirror_kind kind_of(const struct map *map)
{
	if (map->path[0] == '/' && !map->write)
		return MIRROR_DIRECT;
	return map->end - map->start > SPARSE_FROM ? MIRROR_SPARSE : MIRROR_COPY;
}

static void list_parts(struct mirror *mirror)
{
	size_t i;

	for (i = 0; i < mirror->maps.count; i++) {
		const struct map *map = &mirror->maps.entries[i];

		if (is_left_out(map))
			continue;
		mirror->parts[mirror->part_count++] = (struct mirror_part){
			.map = *map,
			.kind = kind_of(map),
		};
	}
}

/*
 * A mapping's pages with content, a window at a time: nothing is allocated while the process is
 * copied, since that would change what is copied.
 */
struct window {
	uint64_t start;
	size_t count;
	bool resident[512];
};

/* The window from `at` on; every page of it is resident where that can't be told. */
static void look(struct window *window, const struct map *map, int pagemap, uint64_t at)
{
	uint64_t left = (map->end - at) / PAGE_SIZE;
	const size_t most = sizeof(window->resident);

	window->start = at;
	window->count = left < most ? left : most;
	if (!map_is_anonymous(map) || pagemap < 0 ||
	    maps_resident(pagemap, at, window->count, window->resident) != 0)
		memset(window->resident, true, window->count);
}

static bool is_searched(const struct map *map)
{
	return map_is_anonymous(map) && map->end - map->start <= SEARCH_LIMIT;
}

static uint64_t count_resident(const struct map *map, int pagemap)
{
	uint64_t count = 0, at;
	struct window window;
	size_t page;

	for (at = map->start; at < map->end; at += window.count * PAGE_SIZE) {
		look(&window, map, pagemap, at);
		for (page = 0; page < window.count; page++)
			count += window.resident[page];
	}
	return count;
}

/* Each page that has one is a frame of its own. */
static uint64_t count_patched_pages(const struct mirror_config *config)
{
	uint64_t count = 0, last = UINT64_MAX;
	size_t i;

	for (i = 0; i < config->patch_count; i++) {
		count += page_floor(config->patches[i].address) != last;
		last = page_floor(config->patches[i].address);
	}
	return count;
}

/* How many frames the snapshot takes: for content and for page tables, with room to spare. */
static uint64_t count_frames(const struct mirror *mirror, const struct mirror_config *config,
			     int pagemap)
{
	uint64_t content = count_patched_pages(config), tables = 2 + 1024, spare = SPARE_FRAMES;
	size_t i;

	for (i = 0; i < mirror->part_count; i++) {
		const struct mirror_part *part = &mirror->parts[i];

		if (part->kind == MIRROR_COPY)
			content += (part->map.end - part->map.start) / PAGE_SIZE;
		if (part->kind == MIRROR_SPARSE) {
			spare = SPARE_FOR_SPARSE;
			if (!is_searched(&part->map))
				continue;
			content += count_resident(&part->map, pagemap);
		}
		tables += 2 * page_table_cost(part->map.start, part->map.end);
	}
	return content + tables + spare;
}

/* The lowest multiple of 1 GiB above 4 GiB from which that much is free of reserved ranges. */
static int choose_base(const struct mirror_config *config, uint64_t size, uint64_t *base,
		       struct error *error)
{
	const uint64_t limit = 1ull << config->physical_bits;
	uint64_t at = 4 * GIB;
	size_t i;

	for (i = 0; i < config->reserved_count; i++) {
		const struct mirror_range *range = &config->reserved[i];

		/* One that no CPU of this kind can have is its own test's error, not the program's. */
		if (range->end > limit ||
		    !ranges_overlap(at, size, range->start, range->end - range->start))
			continue;
		at = (range->end + GIB - 1) & ~(GIB - 1);
		i = (size_t)-1; /* look at all of them again */
		if (at < range->end)
			break;
	}
	/* Where tests declare all there is, those that do will fail, not the whole program. */
	if (!range_holds(0, limit, at, size))
		at = 4 * GIB;
	if (!range_holds(0, limit, at, size))
		return error_set(
			error, ENOSPC,
			"the program's %llu MiB do not fit into the CPU's %u bits of physical "
			"address",
			(unsigned long long)size >> 20, config->physical_bits);
	*base = at;
	return 0;
}

static size_t changed_size(const struct mirror *mirror)
{
	return bitmap_words(mirror->frames.count) * sizeof(uint64_t);
}

static int make_snapshot(struct mirror *mirror, const struct mirror_config *config, int pagemap,
			 struct error *error)
{
	struct rlimit limit;
	uint64_t size, direct = 0;
	size_t i;
	int err;

	mirror->frames.count = count_frames(mirror, config, pagemap);
	size = mirror->frames.count * PAGE_SIZE;
	for (i = 0; i < mirror->part_count; i++)
		if (mirror->parts[i].kind == MIRROR_DIRECT)
			direct += mirror->parts[i].map.end - mirror->parts[i].map.start;
	err = choose_base(config, size + direct, &mirror->frames.base, error);
	if (err)
		return err;
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

static unsigned int rights_of(const struct map *map)
{
	return (map->write ? PAGE_WRITE : 0) | (map->execute ? PAGE_EXECUTE : 0);
}

static int map_range(struct mirror *mirror, uint64_t start, uint64_t size, uint64_t physical,
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
 * Copy process memory into frames. By pwrite(), which stops at a page that can't be read, as past
 * a file's end or in the kernel's own mappings, where a memcpy() would raise SIGBUS; not by libc's,
 * to which sanitizers would object: they have an opinion on every byte of the program.
 */
static int copy_in(struct mirror *mirror, uint64_t from, uint64_t size, uint64_t to)
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
	struct window window;
	size_t page, run;
	uint64_t at;
	int err = 0;

	for (at = map->start; at < map->end; at += window.count * PAGE_SIZE) {
		look(&window, map, pagemap, at);
		for (page = 0; page < window.count && !err; page += run) {
			const bool resident = window.resident[page];
			uint64_t from = at + page * PAGE_SIZE;

			run = 1;
			while (page + run < window.count && window.resident[page + run] == resident)
				run++;
			if (resident)
				err = copy_in(mirror, from, run * PAGE_SIZE,
					      part->gpa + (from - map->start));
		}
	}
	return err;
}

static int copy_part(struct mirror *mirror, struct mirror_part *part, int pagemap)
{
	const struct map *map = &part->map;
	int err;

	part->gpa = frames_take(&mirror->frames, (map->end - map->start) / PAGE_SIZE);
	if (!part->gpa)
		return -ENOSPC;
	err = copy_resident(mirror, part, pagemap);
	if (err)
		return err;
	return map_range(mirror, map->start, map->end - map->start, part->gpa, rights_of(map));
}

static int copy_sparse_page(struct mirror *mirror, const struct map *map, uint64_t at)
{
	uint64_t frame = frames_take(&mirror->frames, 1);
	int err;

	if (!frame)
		return -ENOSPC;
	err = copy_in(mirror, at, PAGE_SIZE, frame);
	if (err)
		return err;
	return map_range(mirror, at, PAGE_SIZE, frame, rights_of(map));
}

static int copy_sparse(struct mirror *mirror, const struct mirror_part *part, int pagemap)
{
	const struct map *map = &part->map;
	struct window window;
	uint64_t at;
	size_t page;
	int err = 0;

	if (!is_searched(map))
		return 0;
	for (at = map->start; at < map->end; at += window.count * PAGE_SIZE) {
		look(&window, map, pagemap, at);
		for (page = 0; page < window.count && !err; page++)
			if (window.resident[page])
				err = copy_sparse_page(mirror, map, at + page * PAGE_SIZE);
	}
	return err;
}

/* Parts next to each other become one slot. */
static int show_direct(struct mirror *mirror, struct mirror_part *part, uint64_t *next)
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
	return map_range(mirror, part->map.start, size, part->gpa, rights_of(&part->map));
}

/* Show ring 0 a page with other bytes. Returns how many patches that were, or -errno. */
static int patch_page(struct mirror *mirror, const struct map *map,
		      const struct mirror_patch *patches, size_t count)
{
	uint64_t page = page_floor(patches[0].address), frame = frames_take(&mirror->frames, 1);
	size_t i;
	int err;

	if (!frame)
		return -ENOSPC;
	err = copy_in(mirror, page, PAGE_SIZE, frame);
	for (i = 0; i < count && !err && page_floor(patches[i].address) == page; i++) {
		uint64_t at = frame + (patches[i].address - page);
		uint8_t *byte = mirror->frames.bytes + (at - mirror->frames.base);

		mirror->patched[mirror->patched_count++] = (struct mirror_patched){
			.gpa = at,
			.shown = patches[i].value,
			.original = *byte,
		};
		*byte = patches[i].value;
	}
	if (!err)
		err = page_table_map(&mirror->frames, mirror->root, gva(page), gpa(frame),
				     PAGE_SIZE, rights_of(map), false);
	return err ? err : (int)i;
}

static int patch(struct mirror *mirror, const struct mirror_config *config)
{
	size_t i = 0;

	while (i < config->patch_count) {
		const struct mirror_part *part = mirror_find(mirror, config->patches[i].address);
		int done = 1;

		if (part && part->kind != MIRROR_SPARSE && !part->map.write)
			done = patch_page(mirror, &part->map, config->patches + i,
					  config->patch_count - i);
		if (done < 0)
			return done;
		i += (size_t)done;
	}
	return 0;
}

static int fill(struct mirror *mirror, int pagemap)
{
	uint64_t next = mirror->frames.base + mirror->frames.count * PAGE_SIZE;
	size_t i;
	int err = 0;

	mirror->root = frames_take(&mirror->frames, 1);
	mirror->user_root = frames_take(&mirror->frames, 1);
	for (i = 0; i < mirror->part_count && !err; i++) {
		struct mirror_part *part = &mirror->parts[i];

		if (part->kind == MIRROR_COPY)
			err = copy_part(mirror, part, pagemap);
		else if (part->kind == MIRROR_SPARSE)
			err = copy_sparse(mirror, part, pagemap);
		else
			err = show_direct(mirror, part, &next);
	}
	return err;
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
	return map_range(mirror, page, PAGE_SIZE, page, PAGE_WRITE | PAGE_DEVICE);
}

/*
 * List the process's mappings as they are now. All memory that building the mirror takes is
 * allocated before: from the reading on, this thread does not change what it copies.
 */
static int list_mappings(struct mirror *mirror, struct error *error)
{
	int tries, err = 0;

	for (tries = 0; tries < 10; tries++) {
		maps_finish(&mirror->maps);
		free(mirror->parts);
		free(mirror->slots);
		mirror->parts = NULL;
		mirror->slots = NULL;
		err = maps_init(&mirror->maps, error);
		if (err)
			return err;
		mirror->parts = calloc(mirror->maps.capacity, sizeof(*mirror->parts));
		mirror->slots = calloc(mirror->maps.capacity, sizeof(*mirror->slots));
		if (!mirror->parts || !mirror->slots)
			return error_set(error, ENOMEM, "no memory for the list of mappings");
		err = maps_read(&mirror->maps, error);
		if (err != -EAGAIN)
			break;
	}
	if (err)
		return error_set(error, -err, "the program's mappings change too fast to be read");
	list_parts(mirror);
	return 0;
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
	mirror->patched = calloc(config->patch_count + 1, sizeof(*mirror->patched));
	err = mirror->patched ? list_mappings(mirror, error) : -ENOMEM;
	if (!err)
		err = make_snapshot(mirror, config, pagemap, error);
	if (!err)
		err = fill(mirror, pagemap);
	if (!err)
		err = patch(mirror, config);
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

void mirror_unpatch(const struct mirror *mirror, r0_gpa address, uint8_t *bytes, size_t size)
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

/* SPDX-License-Identifier: MIT */
/* Memory of machines and snapshots in a descriptor that several map privately. */
#include "monitor/wiring/memory_base.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/address.h"
#include "base/bitmap.h"
#include "base/bus_error.h"
#include "mirror/maps.h"

struct memory_base {
	atomic_uint references;
	int fd;
	uint64_t offset, size;
	bool is_file;
	atomic_bool lost; /* a page was to be had no more, and is zero somewhere */
	uint64_t *present;
};

struct memory_base *memory_base_create(int fd, uint64_t offset, uint64_t size, bool is_file,
				       struct error *error)
{
	struct memory_base *base = calloc(1, sizeof(*base));
	uint64_t *present = calloc(bitmap_words(size / PAGE_SIZE), sizeof(uint64_t));

	if (!base || !present) {
		close(fd);
		free(base);
		free(present);
		error_set(error, ENOMEM, "no memory to keep track of a VM's");
		return NULL;
	}
	*base = (struct memory_base){
		.references = 1,
		.fd = fd,
		.offset = offset,
		.size = size,
		.is_file = is_file,
		.present = present,
	};
	return base;
}

struct memory_base *memory_base_hold(struct memory_base *base)
{
	atomic_fetch_add(&base->references, 1);
	return base;
}

void memory_base_release(struct memory_base *base)
{
	if (!base || atomic_fetch_sub(&base->references, 1) != 1)
		return;
	close(base->fd);
	free(base->present);
	free(base);
}

uint64_t *memory_base_present(struct memory_base *base)
{
	return base->present;
}

int memory_base_find_data(const struct memory_base *base, uint64_t *pages, struct error *error)
{
	const off_t first = (off_t)base->offset;
	off_t at = first, end;

	for (;; at = end) {
		at = lseek(base->fd, at, SEEK_DATA);
		if (at < 0 && errno == ENXIO)
			return 0;
		end = at < 0 ? -1 : lseek(base->fd, at, SEEK_HOLE);
		if (end < 0)
			return error_set(error, errno, "looking through a VM's memory failed: %s",
					 strerror(errno));
		if (end > first + (off_t)base->size)
			end = first + (off_t)base->size;
		bitmap_set_range(pages, (uint64_t)(at - first) / PAGE_SIZE,
				 ((uint64_t)(end - first) + PAGE_SIZE - 1) / PAGE_SIZE);
		if (end == first + (off_t)base->size)
			return 0;
	}
}

/* What is watched is mapped, and what is no longer mapped is watched no longer. */
void *memory_base_map(struct memory_base *base, void *at, struct error *error)
{
	void *map = mmap(at, base->size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_NORESERVE | (at ? MAP_FIXED : 0), base->fd,
			 (off_t)base->offset);

	if (map == MAP_FAILED) {
		error_set(error, errno, "mapping memory of %llu KiB failed: %s",
			  (unsigned long long)base->size >> 10, strerror(errno));
		return NULL;
	}
	bus_error_forget(map);
	if (!base->is_file || bus_error_watch(map, base->size, &base->lost, error) == 0)
		return map;
	if (!at)
		munmap(map, base->size);
	return NULL;
}

void memory_base_unmap(struct memory_base *base, void *at)
{
	if (base->is_file)
		bus_error_forget(at);
	munmap(at, base->size);
}

struct look {
	const bool *copied;
	uint64_t at, count; /* pages: where the window begins, and how many it has */
};

static void visit_window(const struct look *look,
			 void (*visit)(void *context, uint64_t first, uint64_t end), void *context)
{
	uint64_t first, end;

	for (first = 0; first < look->count; first = end) {
		end = first + 1;
		while (end < look->count && look->copied[end] == look->copied[first])
			end++;
		if (look->copied[first])
			visit(context, look->at + first, look->at + end);
	}
}

/* Where the kernel doesn't tell, any page may be a copy. */
void memory_base_each_copied(const struct memory_base *base, const void *at,
			     void (*visit)(void *context, uint64_t first, uint64_t end),
			     void *context)
{
	bool copied[4096];
	struct look look = { .copied = copied };
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	const uint64_t pages = base->size / PAGE_SIZE;

	for (; look.at < pages; look.at += look.count) {
		look.count = pages - look.at < sizeof(copied) ? pages - look.at : sizeof(copied);
		if (pagemap < 0 || maps_copied(pagemap, (uintptr_t)at + look.at * PAGE_SIZE,
					       look.count, copied) != 0)
			memset(copied, true, look.count);
		visit_window(&look, visit, context);
	}
	if (pagemap >= 0)
		close(pagemap);
}

static bool is_cut(const struct memory_base *base)
{
	struct stat status;

	return fstat(base->fd, &status) == 0 &&
	       (uint64_t)status.st_size < base->offset + base->size;
}

int memory_base_lost(const struct memory_base *base, struct error *error)
{
	if (!base || !base->is_file || !atomic_load(&base->lost))
		return 0;
	return error_set(error, EIO, "memory is lost: the file of the snapshot that it is from %s",
			 is_cut(base) ? "was cut off" : "can't be read, or its disk is full");
}

/* MADV_POPULATE_READ, of Linux 5.14, does as a read would, and says what came of it. */
int memory_base_look_for_lost(struct memory_base *base, void *at, struct error *error)
{
	if (base && base->is_file &&
	    (is_cut(base) || (madvise(at, base->size, MADV_POPULATE_READ) != 0 && errno == EFAULT)))
		atomic_store(&base->lost, true);
	return memory_base_lost(base, error);
}

/* SPDX-License-Identifier: MIT */
/* A VM's private memory: copied on write from the snapshot, put back by its dirty pages. */
#include "mirror/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/bitmap.h"
#include "mirror/memory_add.h"

#define SNAPSHOT_SLOT 0

_Static_assert(MIRROR_ALWAYS == 64, "the first word of a bitmap");

/* How many of the snapshot's frames come before those that KVM logs writes to. */
static uint64_t unlogged(const struct mirror *mirror)
{
	return mirror->always ? MIRROR_ALWAYS : 0;
}

/* The frames that each test writes to are a slot of their own, behind the others. */
static int set_always_slot(struct memory *memory, struct error *error)
{
	const struct mirror *mirror = memory->mirror;

	if (!mirror->always)
		return 0;
	return vm_set_slot(memory->vm,
			   &(struct vm_slot){ .number = memory->first_ram_slot++,
					      .address = gpa(mirror->frames.base),
					      .size = mirror->always * PAGE_SIZE,
					      .host = memory->frames.bytes },
			   error);
}

static int set_direct_slot(struct memory *memory, size_t i, bool there, struct error *error)
{
	const struct mirror_slot *slot = &memory->mirror->slots[i];

	return vm_set_slot(memory->vm,
			   &(struct vm_slot){
				   .number = SNAPSHOT_SLOT + 1 + (uint32_t)i,
				   .address = gpa(slot->gpa),
				   .size = there ? slot->size : 0,
				   .host = (void *)(uintptr_t)slot->host,
				   .read_only = true,
			   },
			   error);
}

int memory_init(struct memory *memory, const struct mirror *mirror, struct vm *vm,
		struct error *error)
{
	uint64_t size = mirror->frames.count * PAGE_SIZE, before;
	size_t words = bitmap_words(mirror->frames.count), i;
	int err;

	*memory = (struct memory){
		.mirror = mirror,
		.vm = vm,
		.frames = mirror->frames,
		.dirty = calloc(words, sizeof(uint64_t)),
		.first_ram_slot = SNAPSHOT_SLOT + 1 + (uint32_t)mirror->slot_count,
	};
	memory->frames.changed = calloc(words, sizeof(uint64_t));
	/* Reading shows the snapshot's pages, writing makes copies of those written. */
	memory->frames.bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE,
				    mirror->fd, 0);
	if (memory->frames.bytes == MAP_FAILED || !memory->dirty || !memory->frames.changed) {
		err = error_set(error, ENOMEM, "no memory for a VM's %llu KiB",
				(unsigned long long)size >> 10);
		goto fail;
	}
	before = unlogged(mirror) * PAGE_SIZE;
	err = vm_set_slot(vm,
			  &(struct vm_slot){ .number = SNAPSHOT_SLOT,
					     .address = gpa(mirror->frames.base + before),
					     .size = size - before,
					     .host = memory->frames.bytes + before,
					     .log_dirty = true },
			  error);
	if (err >= 0)
		err = set_always_slot(memory, error);
	for (i = 0; i < mirror->slot_count && err >= 0; i++)
		err = set_direct_slot(memory, i, true, error);
	if (err >= 0)
		return 0;
fail:
	memory_finish(memory);
	return err;
}

/* The process's counters get what was counted on a page that is to be put back. */
static void give_back(struct memory *memory, uint64_t frame)
{
	const struct mirror *mirror = memory->mirror;
	size_t low = 0, high = mirror->counted_count;

	if (memory->counts_void)
		return;
	while (low + 1 < high) {
		size_t middle = (low + high) / 2;

		if (mirror->counted[middle].frame <= frame)
			low = middle;
		else
			high = middle;
	}
	counters_give_back(mirror->counters, mirror->counted[low].address,
			   memory->frames.bytes + frame * PAGE_SIZE,
			   mirror->frames.bytes + frame * PAGE_SIZE);
}

/* Of pages that came in late the snapshot has none, and sums began at 0. */
static void give_back_late(struct memory *memory)
{
	size_t i;

	for (i = 0; i < memory->late_count && !memory->counts_void; i++)
		counters_give_back(memory->mirror->counters, memory->late[i].address,
				   memory->frames.bytes + memory->late[i].frame * PAGE_SIZE,
				   memory->mirror->frames.bytes +
					   memory->late[i].frame * PAGE_SIZE);
	memory->late_count = 0;
}

static int note_late(struct memory *memory, uint64_t page, uint64_t frame)
{
	const struct counters *counters = memory->mirror->counters;
	struct mirror_counted *late = memory->late;

	if (!counters || !counters_on_page(counters, page))
		return 0;
	if (memory->late_count == memory->late_capacity) {
		late = reallocarray(late, memory->late_capacity + 64, sizeof(*late));
		if (!late)
			return -ENOMEM;
		memory->late = late;
		memory->late_capacity += 64;
	}
	late[memory->late_count++] = (struct mirror_counted){
		.frame = (frame - memory->frames.base) / PAGE_SIZE,
		.address = page,
	};
	return 0;
}

void memory_forget_counts(struct memory *memory)
{
	memory->counts_void = true;
}

void memory_finish(struct memory *memory)
{
	size_t i;

	if (memory->frames.bytes != MAP_FAILED)
		for (i = 0; i < memory->mirror->counted_count; i++)
			give_back(memory, memory->mirror->counted[i].frame);
	give_back_late(memory);
	free(memory->late);
	memory_add_undo(memory);
	if (memory->frames.bytes != MAP_FAILED)
		munmap(memory->frames.bytes, memory->frames.count * PAGE_SIZE);
	free(memory->frames.changed);
	free(memory->dirty);
}

/*
 * Translations that page tables have no more: a slot that goes away flushes them all, as KVM_SET_USER_MEMORY_REGION
 * does in Documentation/virt/kvm/api.rst. Some of the program's memory is always shown in one.
 */
static int forget_translations(struct memory *memory, struct error *error)
{
	int err;

	memory->unmaps = false;
	if (!memory->mirror->slot_count)
		return 0;
	err = set_direct_slot(memory, 0, false, error);
	return err < 0 ? err : set_direct_slot(memory, 0, true, error);
}

int memory_reset(struct memory *memory, struct error *error)
{
	const struct mirror *mirror = memory->mirror;
	size_t words = bitmap_words(memory->frames.count), word;
	int err;

	memory_add_undo(memory);
	if (memory->unmaps) {
		err = forget_translations(memory, error);
		if (err < 0)
			return err;
	}
	err = vm_dirty_log(memory->vm, SNAPSHOT_SLOT, memory->dirty + unlogged(mirror) / 64, error);
	if (err < 0)
		return err;
	if (mirror->always)
		memory->dirty[0] = UINT64_MAX >> (MIRROR_ALWAYS - mirror->always);
	memory->wrote_tables = false;
	give_back_late(memory);
	for (word = 0; word < words; word++) {
		uint64_t pages = memory->dirty[word] | memory->frames.changed[word];

		if (!pages)
			continue;
		memory->wrote_tables |= memory->dirty[word] & mirror->frames.changed[word];

		while (pages) {
			size_t frame = word * 64 + (size_t)__builtin_ctzll(pages);
			size_t offset = frame * PAGE_SIZE;

			if (mirror->is_counted && bitmap_has(mirror->is_counted, frame))
				give_back(memory, frame);
			memcpy(memory->frames.bytes + offset, mirror->frames.bytes + offset,
			       PAGE_SIZE);
			/* What a test wrote there, it may have executed, but for stacks and the like. */
			if (frame >= mirror->always)
				__builtin___clear_cache((char *)memory->frames.bytes + offset,
							(char *)memory->frames.bytes + offset +
								PAGE_SIZE);
			pages &= pages - 1;
		}
		memory->frames.changed[word] = 0;
	}
	memory->frames.used = mirror->frames.used;
	memory->counts_void = false;
	return 0;
}

/* The host's address of guest-physical memory, and how many bytes are there; NULL if none is. */
static uint8_t *at_physical(const struct memory *memory, uint64_t address, uint64_t *size)
{
	const struct frames *frames = &memory->frames;
	size_t i;

	if (range_holds(frames->base, frames->count * PAGE_SIZE, address, 1)) {
		*size = frames->base + frames->count * PAGE_SIZE - address;
		return frames->bytes + (address - frames->base);
	}
	for (i = 0; i < memory->ram_count; i++) {
		const struct memory_ram *ram = &memory->ram[i];

		if (range_holds(ram->gpa, ram->size, address, 1)) {
			*size = ram->gpa + ram->size - address;
			return (uint8_t *)ram->host + (address - ram->gpa);
		}
	}
	return NULL;
}

uint8_t *memory_own(struct memory *memory, r0_gpa address, size_t size, bool write)
{
	const struct frames *frames = &memory->frames;
	uint64_t room = 0;
	uint8_t *at = at_physical(memory, address.value, &room);

	if (!at || !size || size > room)
		return NULL;
	if (!write || !range_holds(frames->base, frames->count * PAGE_SIZE, address.value, size))
		return at;
	frames_touch(frames, address.value, size);
	return at;
}

/* The process's own memory may go away under us: read it by a system call that says so. */
static size_t read_process(uint64_t address, void *to, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };
	ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

size_t memory_read_physical(const struct memory *memory, r0_gpa address, void *to, size_t size)
{
	const struct mirror *mirror = memory->mirror;
	uint64_t room = 0;
	uint8_t *at = at_physical(memory, address.value, &room);
	size_t i;

	if (at) {
		size = size < room ? size : room;
		memcpy(to, at, size);
		return size;
	}
	for (i = 0; i < mirror->slot_count; i++) {
		const struct mirror_slot *slot = &mirror->slots[i];

		if (range_holds(slot->gpa, slot->size, address.value, 1)) {
			room = slot->gpa + slot->size - address.value;
			return read_process(slot->host + (address.value - slot->gpa), to,
					    size < room ? size : room);
		}
	}
	return 0;
}

/*
 * By the snapshot's page tables first, which no test can have changed, and by those of ring 3, where
 * there are no patches; then by the VM's, for what was added to them.
 */
bool memory_translate(const struct memory *memory, r0_gva address, r0_gpa *physical)
{
	const struct mirror *mirror = memory->mirror;

	return page_table_walk(&mirror->frames, mirror->user_root, address, physical, NULL) ||
	       page_table_walk(&mirror->frames, mirror->root, address, physical, NULL) ||
	       page_table_walk(&memory->frames, mirror->root, address, physical, NULL);
}

static size_t left_in_page(uint64_t address, size_t size)
{
	size_t left = PAGE_SIZE - (address & (PAGE_SIZE - 1));

	return size < left ? size : left;
}

size_t memory_read(const struct memory *memory, r0_gva address, void *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t step = left_in_page(address.value + done, size - done);
		r0_gpa physical;

		if (!memory_translate(memory, gva(address.value + done), &physical) ||
		    memory_read_physical(memory, physical, (uint8_t *)to + done, step) != step)
			break;
		done += step;
	}
	return done;
}

size_t memory_write(struct memory *memory, r0_gva address, const void *from, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t step = left_in_page(address.value + done, size - done);
		uint64_t room = 0;
		r0_gpa physical;
		uint8_t *at;

		if (!memory_translate(memory, gva(address.value + done), &physical))
			break;
		at = at_physical(memory, physical.value, &room);
		if (!at)
			break;
		memcpy(at, (const uint8_t *)from + done, step);
		if (frames_at(&memory->frames, physical.value))
			frames_touch(&memory->frames, physical.value, step);
		done += step;
	}
	return done;
}

/* Map a page of a part that was absent so far. Returns 1 or -errno. */
static int show_page(struct memory *memory, const struct mirror_part *part, uint64_t page,
		     uint64_t frame, struct error *error)
{
	const struct mirror *mirror = memory->mirror;
	unsigned int rights = (part->map.write ? PAGE_WRITE : 0) |
			      (part->map.execute ? PAGE_EXECUTE : 0);
	int err = page_table_map(&memory->frames, mirror->root, gva(page), gpa(frame), PAGE_SIZE,
				 rights, false);

	if (!err)
		err = page_table_map(&memory->frames, mirror->user_root, gva(page), gpa(frame),
				     PAGE_SIZE, rights | PAGE_USER, false);
	return err ? error_set(error, -err, "no page tables left for memory that came in late") : 1;
}

int memory_populate(struct memory *memory, uint64_t address, struct error *error)
{
	const struct mirror_part *part = mirror_find(memory->mirror, address);
	uint64_t page = page_floor(address), frame;
	uint8_t *bytes;

	if (part && part->kind == MIRROR_COPY && address >= memory->mirror->hidden.start &&
	    address < memory->mirror->hidden.end)
		return show_page(memory, part, page, part->gpa + (page - part->map.start), error);
	if (!part || part->kind != MIRROR_SPARSE)
		return 0;
	frame = frames_take(&memory->frames, 1);
	bytes = frame ? frames_at(&memory->frames, frame) : NULL;
	if (!bytes)
		return error_set(error, ENOSPC,
				 "the test touched more than %llu MiB of a large sparse mapping",
				 (unsigned long long)memory->frames.count * PAGE_SIZE >> 20);
	if (note_late(memory, page, frame))
		return error_set(error, ENOMEM, "no memory for counters that came in late");
	/* Not there, as past the end of a file: it stays zero. */
	read_process(page, bytes, PAGE_SIZE);
	if (memory->mirror->counters)
		counters_clear_sums(memory->mirror->counters, page, bytes);
	frames_touch(&memory->frames, frame, PAGE_SIZE);
	return show_page(memory, part, page, frame, error);
}

static bool lies_in_sparse(const struct memory *memory, uint64_t address, uint64_t size)
{
	const struct mirror_part *part = mirror_find(memory->mirror, address);

	return part && part->kind == MIRROR_SPARSE && part->map.write &&
	       range_holds(part->map.start, part->map.end - part->map.start, address, size);
}

/* As AddressSanitizer has it with its shadow, of what was a large block. */
static int renew(struct memory *memory, uint64_t address, uint64_t size, struct error *error)
{
	uint64_t page;
	r0_gpa physical;
	uint8_t *frame;
	int err;

	if (address & (PAGE_SIZE - 1))
		return error_set(error, EEXIST, "mmap() at %#llx: it is no page",
				 (unsigned long long)address);
	for (page = address; page < address + size; page += PAGE_SIZE) {
		bool there = memory_translate(memory, gva(page), &physical);

		err = there ? 0 : memory_populate(memory, page, error);
		if (err < 0)
			return err;
		if (!there && !memory_translate(memory, gva(page), &physical))
			continue;
		frame = frames_at(&memory->frames, physical.value);
		if (!frame)
			continue;
		memset(frame, 0, PAGE_SIZE);
		frames_touch(&memory->frames, physical.value, PAGE_SIZE);
	}
	return 0;
}

int memory_map(struct memory *memory, uint64_t size, uint64_t *address, struct error *error)
{
	int err = memory->heap.end ? 0 : memory_add_heap(memory, error);
	uint64_t taken;

	if (err)
		return err;
	/* Page by page: no more than a test can have. */
	if (*address && size <= MEMORY_HEAP_SIZE && lies_in_sparse(memory, *address, size))
		return renew(memory, *address, size, error);
	err = heap_take(&memory->heap, size, &taken);
	if (err)
		return error_set(
			error, ENOMEM,
			"mmap() of %llu bytes: a test can have %llu MiB, and what is left has no such "
			"hole",
			(unsigned long long)size, MEMORY_HEAP_SIZE >> 20);
	if (!*address) {
		*address = taken + memory->heap_moved;
		err = memory->heap_moved ?
			      memory_add_moved(memory, taken, page_ceiling(size), error) :
			      0;
	} else {
		err = memory_add_view(memory, *address, taken, page_ceiling(size), error);
	}
	if (err)
		heap_give(&memory->heap, taken, size);
	return err;
}

int memory_unmap(struct memory *memory, uint64_t address, uint64_t size)
{
	const struct heap *heap = &memory->heap;
	uint64_t start, end, room = 0;
	uint8_t *at;

	address -= memory->heap_moved;
	start = page_floor(address);
	if (!size || address < heap->start || address >= heap->end)
		return 0;
	end = size > heap->end - address ? heap->end : page_ceiling(address + size);
	at = at_physical(memory, start, &room);
	if (!at || room < end - start || madvise(at, end - start, MADV_DONTNEED))
		return -ENOMEM;
	return heap_give(&memory->heap, address, size);
}

static bool page_differs(const struct memory *memory, uint64_t page, char *what, size_t size)
{
	const uint8_t *now = memory->frames.bytes + page * PAGE_SIZE;
	const uint8_t *pristine = memory->mirror->frames.bytes + page * PAGE_SIZE;
	uint64_t address;
	size_t at = 0;

	if (memcmp(now, pristine, PAGE_SIZE) == 0)
		return false;
	while (now[at] == pristine[at])
		at++;
	address = memory->frames.base + page * PAGE_SIZE + at;
	snprintf(what, size, "guest-physical %#llx is %#x, it was %#x", (unsigned long long)address,
		 now[at], pristine[at]);
	return true;
}

bool memory_differs(const struct memory *memory, char *what, size_t size)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t page, count = memory->frames.count, i, step;
	bool copied[512], differs = false;

	/* A page that was never written still shows the snapshot's own memory. */
	for (page = 0; page < count && !differs; page += step) {
		step = count - page < 512 ? count - page : 512;
		if (pagemap < 0 ||
		    maps_copied(pagemap, (uint64_t)memory->frames.bytes + page * PAGE_SIZE, step,
				copied) != 0)
			memset(copied, true, sizeof(copied));
		for (i = 0; i < step && !differs; i++)
			differs = copied[i] && page_differs(memory, page + i, what, size);
	}
	if (pagemap >= 0)
		close(pagemap);
	return differs;
}

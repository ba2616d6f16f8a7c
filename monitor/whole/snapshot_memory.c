/* SPDX-License-Identifier: MIT */
/* The pages of snapshots, and which of them differ: see snapshot_memory.h. */
#include "monitor/whole/snapshot_memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* From now on the two are the same but for what differs already. */
static int track(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error)
{
	int err = guest_memory_log(&vm->memory, true, error);

	if (err)
		return err;
	snapshot->vm = vm;
	snapshot->next = vm->snapshots;
	vm->snapshots = snapshot;
	return 0;
}

/* Pages were written: they may differ from all snapshots now. */
static void note_written(void *context, size_t word, uint64_t pages)
{
	struct r0_vm *vm = context;
	struct r0_vm_snapshot *snapshot;

	for (snapshot = vm->snapshots; snapshot; snapshot = snapshot->next)
		snapshot->differs[word] |= pages;
}

static int harvest(struct r0_vm *vm, bool *by_guest, struct error *error)
{
	return guest_memory_harvest(&vm->memory, note_written, vm, by_guest, error);
}

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, PAGE_SIZE - 1);
}

/*
 * For each piece of memory that was ever touched: a memfd has holes elsewhere, and reading those would
 * fill them.
 */
static int each_touched(struct guest_memory *memory,
			void (*visit)(void *context, uint64_t first, uint64_t end), void *context,
			struct error *error)
{
	off_t at = 0, end;

	for (;;) {
		at = lseek(memory->fd, at, SEEK_DATA);
		if (at < 0 && errno == ENXIO)
			return 0;
		end = at < 0 ? -1 : lseek(memory->fd, at, SEEK_HOLE);
		if (end < 0)
			return error_set(error, errno, "looking through a VM's memory failed: %s",
					 strerror(errno));
		visit(context, (uint64_t)at / PAGE_SIZE, (uint64_t)end / PAGE_SIZE);
		at = end;
	}
}

struct copying {
	struct r0_vm_snapshot *snapshot;
	struct r0_vm *vm;
};

static void copy_pages(void *context, uint64_t first, uint64_t end)
{
	const struct copying *copying = context;
	struct r0_vm_snapshot *snapshot = copying->snapshot;
	uint64_t page;

	for (page = first; page < end; page++) {
		const uint8_t *from = copying->vm->memory.host + page * PAGE_SIZE;

		if (is_zero(from))
			continue;
		memcpy(snapshot->memory + page * PAGE_SIZE, from, PAGE_SIZE);
		bitmap_set(snapshot->present, page);
	}
}

static int take_pages(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error)
{
	struct copying copying = { snapshot, vm };
	bool by_guest;
	int err = 0;

	/* What was written up to now is no difference to this one, but to all others. */
	if (vm->snapshots)
		err = harvest(vm, &by_guest, error);
	if (!err)
		err = each_touched(&vm->memory, copy_pages, &copying, error);
	return err ? err : track(snapshot, vm, error);
}

/* Under the lock that r0_vm_write() takes: what it writes is seen, or marked, but not lost between. */
int snapshot_take_memory(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error)
{
	int err;

	pthread_mutex_lock(&vm->devices->lock);
	err = take_pages(snapshot, vm, error);
	pthread_mutex_unlock(&vm->devices->lock);
	return err;
}

/* Pages of a machine that are to be put back. */
struct restoring {
	struct r0_vm_snapshot *snapshot;
	struct r0_vm *vm;
	uint64_t *pages; /* a bit each */
};

static void mark_pages(void *context, uint64_t first, uint64_t end)
{
	const struct restoring *restoring = context;
	bitmap_set_range(restoring->pages, first, end);
}

/* Nothing is known of a machine and a snapshot that were never the same. */
static int assume_all(struct restoring *restoring, struct error *error)
{
	const struct r0_vm_snapshot *snapshot = restoring->snapshot;

	memcpy(restoring->pages, snapshot->present, snapshot_words(snapshot) * sizeof(uint64_t));
	return each_touched(&restoring->vm->memory, mark_pages, restoring, error);
}

/* Have memory for them at once, not by a fault for each. If it can't be had so, the faults do it. */
static void populate(const struct restoring *restoring)
{
	const uint64_t pages = restoring->snapshot->shape.memory / PAGE_SIZE;
	uint64_t first, end = 0;

	for (first = 0; first < pages; first = end + 1) {
		while (first < pages && !bitmap_has(restoring->pages, first))
			first++;
		for (end = first; end < pages && bitmap_has(restoring->pages, end);)
			end++;
		if (end > first)
			madvise(restoring->vm->memory.host + first * PAGE_SIZE,
				(end - first) * PAGE_SIZE, MADV_POPULATE_WRITE);
	}
}

/* Returns whether there were any. */
static bool put_back_pages(const struct restoring *restoring)
{
	struct r0_vm_snapshot *snapshot = restoring->snapshot;
	size_t words = snapshot_words(snapshot), word;
	struct r0_vm *vm = restoring->vm;
	bool any = false;

	for (word = 0; word < words; word++) {
		uint64_t pages = restoring->pages[word];

		if (!pages)
			continue;
		any = true;
		/* For all other snapshots these pages may be different now; for this one none is. */
		note_written(vm, word, pages);
		restoring->pages[word] = 0;
		for (; pages; pages &= pages - 1) {
			size_t at = (word * 64 + (size_t)__builtin_ctzll(pages)) * PAGE_SIZE;

			memcpy(vm->memory.host + at, snapshot->memory + at, PAGE_SIZE);
		}
	}
	return any;
}

static int restore_pages(struct restoring *restoring, struct error *error)
{
	struct r0_vm_snapshot *snapshot = restoring->snapshot;
	struct r0_vm *vm = restoring->vm;
	bool by_guest = false, any;
	int err = 0;

	if (vm->snapshots)
		err = harvest(vm, &by_guest, error);
	if (!err && snapshot->vm != vm)
		err = assume_all(restoring, error);
	if (err)
		return err;
	if (snapshot->vm != vm)
		populate(restoring);
	any = put_back_pages(restoring);
	if (!snapshot->vm)
		err = track(snapshot, vm, error);
	/*
	 * KVM and the CPU may know translations by page tables that are now others. Where the CPU walks
	 * the guest's, KVM has had it forget them when it told which pages the guest wrote; where KVM
	 * does, it does not notice what the host writes.
	 */
	if (!err && any && !(by_guest && vm->memory.cpu_walks))
		err = guest_memory_forget(&vm->memory, error);
	return err;
}

int snapshot_restore_memory(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error)
{
	struct restoring restoring = { snapshot, vm, snapshot->differs };
	uint64_t *other = NULL;
	int err;

	if (snapshot->vm && snapshot->vm != vm) {
		/* That one is about another machine, and stays so. */
		other = calloc(snapshot_words(snapshot), sizeof(uint64_t));
		if (!other)
			return error_set(error, ENOMEM, "no memory to restore a snapshot");
		restoring.pages = other;
	}
	/* As snapshot_take_memory(). */
	pthread_mutex_lock(&vm->devices->lock);
	err = restore_pages(&restoring, error);
	pthread_mutex_unlock(&vm->devices->lock);
	free(other);
	return err;
}

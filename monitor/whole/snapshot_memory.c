/* SPDX-License-Identifier: MIT */
/* The pages of snapshots, and which of them differ: see snapshot_memory.h. */
#include "monitor/whole/snapshot_memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int snapshot_set_base(struct r0_vm_snapshot *snapshot, struct memory_base *base,
		      struct error *error)
{
	snapshot->memory = memory_base_map(base, NULL, error);
	if (!snapshot->memory)
		return -ENOMEM;
	snapshot->base = memory_base_hold(base);
	memcpy(snapshot->present, memory_base_present(base),
	       snapshot_words(snapshot) * sizeof(uint64_t));
	return 0;
}

/* To look at a hole in a memfd would fill it. */
const uint8_t *snapshot_page(const struct r0_vm_snapshot *snapshot, uint64_t page)
{
	static const uint8_t zero[PAGE_SIZE];

	return snapshot_has_page(snapshot, page) ? snapshot->memory + page * PAGE_SIZE : zero;
}

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

struct copying {
	struct r0_vm_snapshot *snapshot;
	const struct r0_vm *vm;
};

/* Pages that the machine has copies of, which it may have put back since. */
static void copy_pages(void *context, uint64_t first, uint64_t end)
{
	const struct copying *copying = context;
	struct r0_vm_snapshot *snapshot = copying->snapshot;
	uint64_t page;

	for (page = first; page < end; page++) {
		const uint8_t *from = copying->vm->memory.host + page * PAGE_SIZE;

		if (snapshot_has_page(snapshot, page) ?
			    !memcmp(from, snapshot_page(snapshot, page), PAGE_SIZE) :
			    is_zero(from))
			continue;
		bitmap_set(snapshot->present, page);
		bitmap_set(snapshot->own, page);
		memcpy(snapshot->memory + page * PAGE_SIZE, from, PAGE_SIZE);
	}
}

static int take_pages(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error)
{
	struct copying copying = { snapshot, vm };
	bool by_guest, has_copies = vm->memory.base;
	int err = 0;

	/* What was written up to now is no difference to this one, but to all others. */
	if (vm->snapshots)
		err = harvest(vm, &by_guest, error);
	if (!err)
		err = guest_memory_share(&vm->memory, error);
	if (!err)
		err = snapshot_set_base(snapshot, vm->memory.base, error);
	if (err)
		return err;
	if (has_copies)
		memory_base_each_copied(vm->memory.base, vm->memory.host, copy_pages, &copying);
	err = memory_base_lost(vm->memory.base, error);
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

/*
 * The machine and the snapshot were never the same: it gets all of what the snapshot is based on, and then the
 * snapshot's own pages.
 */
static int show_base(struct restoring *restoring, struct error *error)
{
	const struct r0_vm_snapshot *snapshot = restoring->snapshot;
	const size_t words = snapshot_words(snapshot);
	struct r0_vm *vm = restoring->vm;
	size_t word;
	int err = guest_memory_show(&vm->memory, snapshot->base, error);

	for (word = 0; word < words; word++)
		note_written(vm, word, UINT64_MAX);
	memcpy(restoring->pages, snapshot->own, words * sizeof(uint64_t));
	return err;
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

/* What the guest executes there it is to fetch anew, where the CPU needs to be told. */
static void put_back_page(struct r0_vm *vm, uint64_t page, const void *content)
{
	char *at = (char *)vm->memory.host + page * PAGE_SIZE;

	memcpy(at, content, PAGE_SIZE);
	__builtin___clear_cache(at, at + PAGE_SIZE);
}

/* Returns whether there were any. */
static bool put_back_pages(const struct restoring *restoring)
{
	struct r0_vm_snapshot *snapshot = restoring->snapshot;
	const uint64_t end = snapshot->shape.memory / PAGE_SIZE;
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
			uint64_t page = word * 64 + (uint64_t)__builtin_ctzll(pages);

			if (page < end)
				put_back_page(vm, page, snapshot_page(snapshot, page));
		}
	}
	return any;
}

static int restore_pages(struct restoring *restoring, struct error *error)
{
	struct r0_vm_snapshot *snapshot = restoring->snapshot;
	struct r0_vm *vm = restoring->vm;
	const bool is_another = snapshot->vm != vm;
	bool by_guest = false, any;
	int err = 0;

	if (vm->snapshots)
		err = harvest(vm, &by_guest, error);
	if (!err && is_another)
		err = show_base(restoring, error);
	if (err)
		return err;
	if (is_another)
		populate(restoring);
	any = put_back_pages(restoring);
	err = memory_base_lost(snapshot->base, error);
	if (!err && !snapshot->vm)
		err = track(snapshot, vm, error);
	/*
	 * KVM and the CPU may know translations by page tables that are now others. Where the CPU walks
	 * the guest's, KVM has had it forget them when it told which pages the guest wrote; where KVM
	 * does, it does not notice what the host writes. Where no page is another, the register that points to
	 * the tables may be.
	 */
	if (!err && (any || !guest_memory_root_flushes()) && !is_another &&
	    !(by_guest && vm->memory.cpu_walks))
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

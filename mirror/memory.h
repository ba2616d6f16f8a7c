/* SPDX-License-Identifier: MIT */
/*
 * One VM's memory: its private copy of a mirror's snapshot, what a test adds to it, and putting it
 * all back.
 */
#ifndef MIRROR_MEMORY_H
#define MIRROR_MEMORY_H

#include "kvm/vm/vm.h"
#include "mirror/heap.h"
#include "mirror/mirror.h"

/* Guest-physical memory that a test declares or asks for, there until the next reset. */
struct memory_ram {
	void *host;
	uint64_t gpa, size;
	uint32_t slot;
};

struct memory {
	const struct mirror *mirror; /* not owned */
	struct vm *vm;		     /* not owned */
	struct frames frames;	     /* the copy; its `changed` are the host's own writes */
	uint64_t *dirty;	     /* room for KVM's log of the same pages */
	bool wrote_tables;	     /* the guest did, to page tables: as of the last reset */
	struct mirror_counted *late; /* pages with counters that came in since the last reset */
	size_t late_count, late_capacity;
	bool counts_void; /* what was counted since the last reset is not to be given back */
	struct memory_ram *ram;
	size_t ram_count;
	uint32_t first_ram_slot;
	struct mirror_range
		*windows; /* guest-physical, for what a test mocks; until the next reset */
	size_t window_count;
	bool unmaps; /* the next reset takes away mappings, and has to have the CPUs forget them */
	struct heap heap;    /* within one of the ram, by guest-physical address */
	uint64_t heap_moved; /* from that to the virtual address that a test has it at */
};

/* What a test can have by mmap(), and libc's malloc() and C++'s new with it. */
#define MEMORY_HEAP_SIZE (1ull << 30)

/* Give a VM a copy of the snapshot. Returns 0 or -errno. memory_finish() before vm_finish(). */
int memory_init(struct memory *memory, const struct mirror *mirror, struct vm *vm,
		struct error *error);
void memory_finish(struct memory *memory);

/* Put everything back to the snapshot, by the pages that were written. Returns 0 or -errno. */
int memory_reset(struct memory *memory, struct error *error);

/* What has run since the last reset is not to count: see mirror/counters.h. */
void memory_forget_counts(struct memory *memory);

/*
 * Compare all of it with the snapshot: whether a byte differs, and which one, as text. Slow: for checking
 * the reset itself.
 */
bool memory_differs(const struct memory *memory, char *what, size_t size);

/*
 * Read or write guest memory by guest-virtual address as the mirror maps it, or by guest-physical
 * address, page by page. Return how many bytes, from the start on, could be.
 */
size_t memory_read(const struct memory *memory, r0_gva address, void *to, size_t size);
size_t memory_write(struct memory *memory, r0_gva address, const void *from, size_t size);
size_t memory_read_physical(const struct memory *memory, r0_gpa address, void *to, size_t size);

/* Whether the mirror, or what a test was given since, maps an address, and where to. */
bool memory_translate(const struct memory *memory, r0_gva address, r0_gpa *physical);

/*
 * Give a test `size` bytes of zeroed memory, rounded up to whole pages, until the next reset: at *address, or if that
 * is 0 anywhere. A sparse mapping that is there becomes as new. Returns 0; -EEXIST if something else is there, or
 * it is no page in the lower half of addresses; -ENOMEM if MEMORY_HEAP_SIZE has no room for it, or another -errno,
 * with a message.
 */
int memory_map(struct memory *memory, uint64_t size, uint64_t *address, struct error *error);

/* Take back the pages there that memory_map() gave anywhere: they are zeroed. Returns 0 or -ENOMEM. */
int memory_unmap(struct memory *memory, uint64_t address, uint64_t size);

/*
 * Bring in the page at an address of a sparse mapping, from the process as it is now, or one that was hidden.
 * Returns 1, 0 if the address is in none, or -errno.
 */
int memory_populate(struct memory *memory, uint64_t address, struct error *error);

/*
 * The host's address of guest-physical memory that is this VM's own, or NULL if not all of it is.
 * To write there, say so: what changes is put back by the next reset.
 */
uint8_t *memory_own(struct memory *memory, r0_gpa address, size_t size, bool write);

#endif /* MIRROR_MEMORY_H */

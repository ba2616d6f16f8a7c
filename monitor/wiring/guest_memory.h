/* SPDX-License-Identifier: MIT */
/*
 * A machine's memory: one mapping of the host's, shown to the guest below and above the hole for
 * devices, with track of what is written to it by whomever.
 */
#ifndef MONITOR_WIRING_GUEST_MEMORY_H
#define MONITOR_WIRING_GUEST_MEMORY_H

#include "devices/ram.h"
#include "kvm/vm/vm.h"
#include "monitor/wiring/memory_base.h"

/* More than any KVM takes in one slot (KVM_MEM_MAX_NR_PAGES is just below 2^31 pages). */
#define GUEST_MEMORY_MAX (1ul << 40)

struct guest_memory {
	struct vm *vm; /* not owned */
	int fd;	       /* a memfd, while no snapshot shares it: it knows what was never touched */
	struct memory_base *base; /* what `host` shows but for what was written since, or NULL */
	uint8_t *host;		  /* all of it, without the hole */
	uint64_t size;		  /* in bytes */
	struct ram ram;		  /* and the ROM, the last */
	uint8_t *rom;		  /* ends at 4 GiB; NULL if there is none */
	uint64_t rom_size;
	/* A bit for each page of `host`: written by the host since the last harvest; KVM's, likewise. */
	uint64_t *dirty, *dirty_by_guest;
	bool logs;	/* KVM keeps track of what the guest writes */
	bool cpu_walks; /* the guest's page tables, rather than KVM: nested paging */
};

/* Make it, all zero, and show it to the guest. Returns 0 or -errno. */
int guest_memory_init(struct guest_memory *memory, struct vm *vm, uint64_t size,
		      struct error *error);
void guest_memory_finish(struct guest_memory *memory);

/*
 * Have KVM keep track of the guest's writes, or no longer. No vCPU may run; what was written before
 * does not count. Returns 0 or -errno.
 */
int guest_memory_log(struct guest_memory *memory, bool on, struct error *error);

/*
 * Get what was written since the last time, while KVM keeps track: for each word of 64 pages of which
 * any was, `note` is called. *by_guest says whether the guest itself wrote any. No vCPU may run.
 * Returns 0 or -errno.
 */
int guest_memory_harvest(struct guest_memory *memory,
			 void (*note)(void *context, size_t word, uint64_t pages), void *context,
			 bool *by_guest, struct error *error);

/*
 * Have a copy of `data`, of whole pages, be read-only memory that ends at 4 GiB, in place of the one that
 * is there; a write there goes to no device. No vCPU may run. Returns 0 or -errno.
 */
int guest_memory_set_rom(struct guest_memory *memory, const void *data, uint64_t size,
			 struct error *error);

/*
 * Have what is there now never change again, and the machine write to copies of its own: memory->base is that then,
 * or what it was before. Returns 0 or -errno.
 */
int guest_memory_share(struct guest_memory *memory, struct error *error);

/* Show what another machine, or a file, has instead of all that is there, and forget(). Returns 0 or -errno. */
int guest_memory_show(struct guest_memory *memory, struct memory_base *base, struct error *error);

/* Zero `size` bytes at `at`, within `host`: whole pages by giving them back, where they are this machine's. */
void guest_memory_zero(struct guest_memory *memory, uint8_t *at, uint64_t size);

/*
 * Have KVM forget what it derived from the guest's memory: what it keeps of page tables, where it
 * walks them itself. Returns 0 or -errno.
 */
int guest_memory_forget(struct guest_memory *memory, struct error *error);

/*
 * Have KVM make its translation of the page at a guest-physical address anew: it is mapped once more
 * where it is. Nothing happens where there is no memory. vCPUs may run. Returns 0 or -errno.
 */
int guest_memory_remap(struct guest_memory *memory, uint64_t address, struct error *error);

/* Of the architecture: whether KVM says that the CPU walks the guest's page tables by itself. */
bool guest_memory_cpu_walks(void);

/* Likewise: whether setting the register that points to page tables has a vCPU forget translations. */
bool guest_memory_root_flushes(void);

/* The guest-physical address of a page, by its number in `host`. */
uint64_t guest_memory_address(uint64_t page);

#endif /* MONITOR_WIRING_GUEST_MEMORY_H */

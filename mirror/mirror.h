/* SPDX-License-Identifier: MIT */
/*
 * The mirror of a process: every mapping at its own virtual address with its own permissions, in
 * guest-physical memory that is handed out compactly. What the process can write is copied once,
 * into the pristine snapshot; what it can only read from files is shared, read-only. One mirror
 * serves any number of VMs (mirror/memory.h) and does not change once it is built.
 */
#ifndef MIRROR_MIRROR_H
#define MIRROR_MIRROR_H

#include <stddef.h>
#include <stdint.h>
#include "base/address.h"
#include "base/error.h"
#include "mirror/counters.h"
#include "mirror/maps.h"
#include "mirror/page_table.h"

struct mirror_range {
	uint64_t start, end; /* end exclusive */
};

struct code_patches;

struct mirror_config {
	/* Guest-physical ranges that must stay free, for what tests declare. */
	const struct mirror_range *reserved;
	size_t reserved_count;
	/* Virtual ranges, of whole pages, that ring 3's page tables map for ring 0 only. */
	const struct mirror_range *supervisor;
	size_t supervisor_count;
	unsigned int physical_bits; /* of the guest's CPU */
	bool gigabyte_pages;	    /* that it has pages of 1 GiB */
	uint64_t direct_map;	    /* virtual address of the guest-physical address 0 */
	/* Guest-physical pages of devices that are reached at the same virtual address where it is free. */
	const uint64_t *devices;
	size_t device_count;
	const struct code_patches *code; /* where code is to differ: NULL if nowhere */
	const struct counters
		*counters; /* that VMs give back: to outlive the mirror; NULL for none */
	/* Pages of the program's that are absent until the guest touches them: see memory_populate(). */
	struct mirror_range hidden;
	/* Those that nearly each test writes to, at most MIRROR_ALWAYS: put back without asking KVM, which does not log them. */
	const struct mirror_range *always_written;
	size_t always_written_count;
};

/* The frames of such pages are the snapshot's first, in room for a word of a bitmap. */
#define MIRROR_ALWAYS 64

enum mirror_kind {
	MIRROR_COPY,   /* has its own frames; gpa is that of the first */
	MIRROR_DIRECT, /* shows the process's own memory, read-only */
	MIRROR_SPARSE, /* only what had content when the mirror was built; the rest when touched */
};

struct mirror_part {
	struct map map;
	enum mirror_kind kind;
	uint64_t gpa; /* of MIRROR_COPY and _DIRECT */
	/* What it is a copy of, if that is elsewhere in the process, and of how many bytes: else 0 */
	uint64_t from, from_size;
};

/* Process memory that is shown read-only: one memory slot. */
struct mirror_slot {
	uint64_t host, gpa, size;
};

/* A byte of code that ring 0 sees in place of the process's: see mirror/code.h. */
struct mirror_patched {
	uint64_t gpa;
	uint8_t shown, original;
};

/* A page of the snapshot that counters are on, by its number. */
struct mirror_counted {
	uint64_t frame;
	uint64_t address; /* virtual, the process's own */
};

struct mirror {
	struct maps maps;
	struct mirror_part *parts; /* by address */
	size_t part_count;
	struct mirror_slot *slots;
	size_t slot_count;
	struct mirror_patched *patched; /* by guest-physical address */
	size_t patched_count;
	const struct counters *counters; /* not owned */
	struct mirror_counted *counted;	 /* by frame */
	size_t counted_count;
	uint64_t *is_counted; /* a bit for each frame of the snapshot; NULL if none is */
	int fd;		      /* the snapshot: a memfd of frames.count pages */
	struct frames frames; /* of the snapshot; those not used are for VMs to take */
	uint64_t root, user_root;
	unsigned int always; /* how many frames, from the first on, are put back without asking */
	uint64_t hole;	     /* a guest-physical page where no memory is, nor will be */
	struct mirror_range hidden;
	uint64_t direct_map, direct_size; /* guest-physical [0, direct_size) is mapped there */
	uint64_t physical_limit;	  /* the first address past the CPU's address bits */
};

/*
 * Mirror the calling process as it is now. Other threads may run; what they change meanwhile may
 * be caught half-way. Returns 0 or -errno. mirror_destroy() releases it, after its VMs.
 */
int mirror_create(struct mirror **mirror, const struct mirror_config *config, struct error *error);
void mirror_destroy(struct mirror *mirror);

/*
 * Change the snapshot, before a VM uses it. Returns 0, or -EFAULT if [address, address + size) is
 * not all copied memory.
 */
int mirror_write(struct mirror *mirror, r0_gva address, const void *data, size_t size);

/* The part that an address is in, or NULL. */
const struct mirror_part *mirror_find(const struct mirror *mirror, uint64_t address);

/* The name of the snapshot's memfd; mappings of it are never mirrored. */
#define MIRROR_MEMFD_NAME "ring0-mirror"

#endif /* MIRROR_MIRROR_H */

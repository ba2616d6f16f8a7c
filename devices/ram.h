/* SPDX-License-Identifier: MIT */
/*
 * Guest-physical memory as the host sees it: where each piece of it is mapped, and the one checked
 * way from a guest-physical range to a host pointer. Knows no KVM: the slots are kvm/vm/vm.h's.
 */
#ifndef DEVICES_RAM_H
#define DEVICES_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/address.h"
#include "base/error.h"

#define RAM_REGIONS_MAX 16

struct ram_region {
	r0_gpa address;	 /* a multiple of the page size */
	uint64_t size;	 /* in bytes, likewise */
	uint8_t *host;	 /* likewise; stays the caller's, mapped while the region is there */
	bool read_only;	 /* for the guest, and for what the host does in its name */
	uint64_t *dirty; /* a bit for each page, as of KVM's dirty log, or NULL: see ram_at() */
};

struct ram {
	struct ram_region regions[RAM_REGIONS_MAX];
	size_t count;
};

/*
 * Add a region to *ram, which starts as { 0 }. Returns 0; -EINVAL for one that is empty, not made of
 * whole pages, or leaves the address space; -EEXIST for one that overlaps another; -ENOSPC.
 */
int ram_add(struct ram *ram, const struct ram_region *region, struct error *error);

/*
 * The host's address of guest-physical [address, address + length), or NULL unless all of it lies
 * in one region, and that is writable if `write`. With `write`, its pages are marked in the
 * region's `dirty`: KVM's dirty log has what the guest itself wrote, and nothing of what is written
 * through these pointers. The guest may change what is there at any time: read once, then check.
 */
void *ram_at(const struct ram *ram, r0_gpa address, uint64_t length, bool write);

#endif /* DEVICES_RAM_H */

/* SPDX-License-Identifier: MIT */
/*
 * Code of a mirror's VMs that differs from the process's, as mirror/code_patches.h asks for. What ring 0 is shown is
 * there in each VM, and the process's own can be had where code is read. Code on pages that are the VMs' own can be
 * changed, once for all VMs or in one of them until its reset; ring 0 and ring 3 have a copy each.
 */
#ifndef MIRROR_CODE_H
#define MIRROR_CODE_H

#include "mirror/code_patches.h"
#include "mirror/memory.h"

/* Make those pages, in a mirror that is being made and has all others. Returns 0, -ENOSPC or -ENOMEM. */
int code_prepare(struct mirror *mirror, const struct code_patches *patches);

/* By whose page tables. */
enum code_of { CODE_OF_RING_0, CODE_OF_RING_3 };

/* Read code as it is before any test. Returns how many bytes, from the start on, could be. */
size_t code_read(const struct mirror *mirror, enum code_of whose, uint64_t address, void *to,
		 size_t size);

/*
 * Bytes that were read at a guest-physical address: put the process's own in place of those that ring 0 is shown
 * instead, but for those that replace them.
 */
void code_unpatch(const struct mirror *mirror, r0_gpa address, uint8_t *bytes, size_t size);

/* Change it for all VMs, before there is one. Returns 0, or -EFAULT if not all of it is their own. */
int code_write(struct mirror *mirror, enum code_of whose, uint64_t address, const void *from,
	       size_t size);

/* Change it in one VM, for both, until the next reset. Returns 0 or -EFAULT. */
int code_change(struct memory *memory, uint64_t address, const void *from, size_t size);

#endif /* MIRROR_CODE_H */

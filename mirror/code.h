/* SPDX-License-Identifier: MIT */
/*
 * Code that a mirror's VMs have of their own, as mirror_config.own_pages asks for: it can be changed, once
 * for all VMs or in one of them until its reset. Ring 0 and ring 3 have a copy each, as what ring 0 gets to
 * see may differ (mirror_config.patches).
 */
#ifndef MIRROR_CODE_H
#define MIRROR_CODE_H

#include "mirror/memory.h"

/* By whose page tables. */
enum code_of { CODE_OF_RING_0, CODE_OF_RING_3 };

/* Read code as it is before any test. Returns how many bytes, from the start on, could be. */
size_t code_read(const struct mirror *mirror, enum code_of whose, uint64_t address, void *to,
		 size_t size);

/* Change it for all VMs, before there is one. Returns 0, or -EFAULT if not all of it is their own. */
int code_write(struct mirror *mirror, enum code_of whose, uint64_t address, const void *from,
	       size_t size);

/* Change it in one VM, for both, until the next reset. Returns 0 or -EFAULT. */
int code_change(struct memory *memory, uint64_t address, const void *from, size_t size);

#endif /* MIRROR_CODE_H */

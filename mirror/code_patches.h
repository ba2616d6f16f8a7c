/* SPDX-License-Identifier: MIT */
/*
 * Where code is to differ from the process's in a mirror's VMs: bytes that ring 0 gets to see in place of others, in
 * every VM and for good, and pages that are each VM's own, for a test to change. Whoever wants some adds it before the
 * mirror is made; mirror/code.h has what is done with it from then on. Pure.
 */
#ifndef MIRROR_CODE_PATCHES_H
#define MIRROR_CODE_PATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct code_patch {
	uint64_t address;
	uint8_t value;
	bool replaces; /* the process's byte, which ring 0 is to have no use of */
};

/* Zeroed at first. */
struct code_patches {
	struct code_patch *shown; /* by address, each once */
	size_t shown_count, shown_capacity;
	uint64_t *own; /* pages, by address, each once */
	size_t own_count;
};

/*
 * Show ring 0 these bytes where the process has others, over what was to be shown there so far. It is done where
 * that is memory that can't be written; ring 3, which has page tables of its own, sees the process's. Returns 0 or
 * -ENOMEM.
 */
int code_patches_show(struct code_patches *patches, uint64_t address, const void *bytes,
		      size_t size);

/* The same, of code that ring 0 executes in place of the process's: code_unpatch() leaves it. */
int code_patches_replace(struct code_patches *patches, uint64_t address, const void *bytes,
			 size_t size);

/* Let each VM have the pages that a range is on to itself, if they can't be written. Returns 0 or -ENOMEM. */
int code_patches_own(struct code_patches *patches, uint64_t address, uint64_t size);

/* What is wanted of the pages of code, one after the other. */
struct code_page {
	uint64_t address;
	const struct code_patch *shown; /* on this page */
	size_t shown_count;
	bool own;
};

struct code_page_walk {
	size_t shown, own;
};

/* The next page, by address, in a walk that was zeroed. Returns false after the last. */
bool code_patches_next(const struct code_patches *patches, struct code_page_walk *walk,
		       struct code_page *page);

void code_patches_finish(struct code_patches *patches);

#endif /* MIRROR_CODE_PATCHES_H */

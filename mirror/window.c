/* SPDX-License-Identifier: MIT */
/* Windows: pages of a VM's own tables, until its reset. */
#include "mirror/window.h"
#include <errno.h>

/* The first page there that is mapped, or false. */
static bool find_mapped(const struct memory *memory, uint64_t start, uint64_t size, uint64_t *found)
{
	uint64_t done;
	r0_gpa physical;

	for (done = 0; done < size; done += PAGE_SIZE) {
		*found = start + done;
		if (page_table_walk(&memory->frames, memory->mirror->root, gva(*found), &physical,
				    NULL))
			return true;
	}
	/* What is sparse comes in when it is touched. */
	*found = start;
	return mirror_find(memory->mirror, start) || mirror_find(memory->mirror, start + size - 1);
}

int window_open(struct memory *memory, uint64_t virtual_address, uint64_t physical, uint64_t size,
		struct error *error)
{
	const struct mirror *mirror = memory->mirror;
	uint64_t last = virtual_address + size - 1, found;
	int err;

	if (!size || (virtual_address | physical | size) & (PAGE_SIZE - 1))
		return error_set(error, EINVAL,
				 ".map { %#llx, %#llx, %#llx } is not whole pages of 4096 bytes",
				 (unsigned long long)virtual_address, (unsigned long long)physical,
				 (unsigned long long)size);
	if (!page_table_has(virtual_address, last))
		return error_set(
			error, EINVAL,
			".map { %#llx, %#llx, %#llx }: no such virtual addresses are there "
			"with 48 bits",
			(unsigned long long)virtual_address, (unsigned long long)physical,
			(unsigned long long)size);
	if (!range_holds(0, mirror->physical_limit, physical, size))
		return error_set(error, EINVAL,
				 ".map { %#llx, %#llx, %#llx } lies past the CPU's physical "
				 "addresses, which end at %#llx",
				 (unsigned long long)virtual_address, (unsigned long long)physical,
				 (unsigned long long)size,
				 (unsigned long long)mirror->physical_limit);
	if (find_mapped(memory, virtual_address, size, &found))
		return error_set(error, EINVAL,
				 ".map { %#llx, %#llx, %#llx }: something is at %#llx already",
				 (unsigned long long)virtual_address, (unsigned long long)physical,
				 (unsigned long long)size, (unsigned long long)found);
	memory->unmaps = true;
	err = page_table_map(&memory->frames, mirror->root, gva(virtual_address), gpa(physical),
			     size, PAGE_WRITE, true);
	return err ? error_set(error, -err,
			       ".map { %#llx, %#llx, %#llx } takes more page tables than a VM has "
			       "room for",
			       (unsigned long long)virtual_address, (unsigned long long)physical,
			       (unsigned long long)size) :
		     0;
}

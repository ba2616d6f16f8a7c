/* SPDX-License-Identifier: MIT */
/*
 * What makes calls of a function go elsewhere: bytes over its first ones, which lead to a slot in the island,
 * which leads to the replacement. Of the architecture. Pure.
 */
#ifndef REPLACE_PATCH_H
#define REPLACE_PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is in place of a function that has no room for a jump. */
enum patch_trap {
	PATCH_BREAKPOINT, /* an INT3, which KVM hands over */
	PATCH_PORT,	  /* an OUT, which in ring 0 no KVM executes; in ring 3 it is a #GP */
};

/* Room for the code of one slot. */
#define PATCH_SLOT 128

/* How far an island may be from the code that it is for: as far as jumps lead, and what moved code refers to. */
extern const uint64_t patch_reach;

/* As much of a function's code as is looked at. */
#define PATCH_LOOK 32

struct patch {
	size_t start; /* of what is overwritten, from the function's start on */
	size_t size;
	bool trap;	 /* what leaves the VM, where a jump has no room: see enum patch_trap */
	uint64_t slot;	 /* its address */
	uint64_t caller; /* where the return address is kept of a function that does not return */
};

/*
 * Choose the way, for a function with that code at its start (PATCH_LOOK bytes), its size and the room up to
 * the next one, in bytes.
 */
void patch_choose(struct patch *patch, const uint8_t *code, size_t size, size_t room);

/* The bytes over the function's. Returns 0, or -ERANGE if the slot is too far. */
int patch_write(const struct patch *patch, uint64_t function, enum patch_trap trap, uint8_t *to);

/*
 * The slot's code: it leads to `by`; or, of a function that does not return, the name of which is given, to it
 * and then to r0_returned().
 */
void patch_write_slot(const struct patch *patch, uint64_t by, const char *noreturn,
		      uint8_t to[PATCH_SLOT]);

#endif /* REPLACE_PATCH_H */

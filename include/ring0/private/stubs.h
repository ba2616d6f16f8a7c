/* SPDX-License-Identifier: MIT */
/* What the definitions that `ring0 stubs` writes and the library agree on: see command/stubs/stubs_x86_64.c. */
#ifndef RING0_PRIVATE_STUBS_H
#define RING0_PRIVATE_STUBS_H

/*
 * A variable that nobody defined, and the pages of section r0_unset that are its own. Section r0_unset_names
 * has pointers to these.
 */
struct r0_unset {
	void *at;
	unsigned long size; /* in bytes */
	const char *name;
};

/* What a stub jumps to, so that it returns to the stub's caller: it ends the test there. */
void r0_missing_function(const char *name);

#endif /* RING0_PRIVATE_STUBS_H */

/* SPDX-License-Identifier: MIT */
/*
 * .replace: functions of the program and its libraries, calls of which go elsewhere while a test runs. Their
 * first bytes become a jump in the test's VM alone, whose pages of code with such functions are its own; near
 * each file of code there is an island, pages of the process that nothing else uses, for the jump's other half
 * and for the code that it displaces.
 */
#ifndef REPLACE_REPLACE_H
#define REPLACE_REPLACE_H

#include <ring0/test.h>
#include "mirror/code_patches.h"
#include "mirror/memory.h"
#include "mirror/mirror.h"
#include "replace/patch.h"

/* What may be replaced in a template's machines. */
struct replace;

/*
 * Look at the functions that these tests replace, and reserve memory of the process for it, so that the
 * mirror has it. After bind_lazy_symbols(). What can't be replaced is told when a test wants to. Returns 0,
 * with NULL if no test replaces anything; -ENOMEM with a message. replace_destroy() releases it, after the
 * mirror.
 */
int replace_create(struct replace **replace, const struct r0_options *const *options, size_t count,
		   struct error *error);
void replace_destroy(struct replace *replace);

/* Add the pages that are to be changed, before the mirror is made. Returns 0, or -ENOMEM with a message. */
int replace_add_patches(const struct replace *replace, struct code_patches *patches,
			struct error *error);

/* Fill in the islands, once the mirror is made. */
void replace_fill(struct replace *replace, struct mirror *mirror);

/*
 * Replace what a test wants to have replaced, until its machine's memory is reset; what has no room for a jump in
 * that way. Returns 0; -EINVAL with a message for what can't be replaced; -EFAULT likewise.
 */
int replace_begin(const struct replace *replace, struct memory *memory,
		  const struct r0_replacements *wanted, enum patch_trap trap, struct error *error);

/*
 * The name of a function among these that has no room for a jump, and of whose code at most that many bytes can be
 * overwritten. NULL if there is none.
 */
const char *replace_trapped(const struct replace *replace, const struct r0_replacements *wanted,
			    size_t most);

/*
 * Where execution goes on at an address, if what is there, or ends there if it is behind it, is in place of one of these functions
 * that has no room for a jump; else 0.
 */
uint64_t replace_follow(const struct replace *replace, const struct r0_replacements *wanted,
			uint64_t address, bool is_behind);

/*
 * Where a function has the instruction that is at an address in an island, if there is one; else that address:
 * for reports, which show code as it is without the test.
 */
uint64_t replace_origin(const struct replace *replace, uint64_t address);

#endif /* REPLACE_REPLACE_H */

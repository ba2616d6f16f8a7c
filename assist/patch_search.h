/* SPDX-License-Identifier: MIT */
/*
 * Instructions that a software KVM's emulator mistakes for others, without an exit or another sign
 * of it. They are found in the process's code, for the mirror to show ring 0 an opcode in their place on
 * which the emulator gives up. Depends on mirror/.
 */
#ifndef ASSIST_PATCH_SEARCH_H
#define ASSIST_PATCH_SEARCH_H

#include <stddef.h>
#include "base/error.h"
#include "mirror/code_patches.h"

/* What was found before, so that it is looked for once in a mapping. Zeroed at first. */
struct patch_search {
	struct mistaken_text *texts;
	size_t text_count;
};

/*
 * Find them in all of the process's code that it can't write, as it is mapped now, and add what ring 0 is to
 * see instead, right for a mirror that is made next. Returns 0; -ENOENT with a message if the decoder is missing;
 * another -errno. What was found is kept until the process ends, and of code with a build ID for the programs
 * after it.
 */
int patch_search_find(struct patch_search *mistaken, struct code_patches *patches,
		      struct error *error);

#endif /* ASSIST_PATCH_SEARCH_H */

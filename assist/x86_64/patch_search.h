/* SPDX-License-Identifier: MIT */
/*
 * Instructions that a software KVM's emulator mistakes for others, without an exit or another sign
 * of it: TZCNT and LZCNT, whose prefix it ignores, so that they run as BSF and BSR; MOVBE, which it
 * takes for undefined; XSETBV, which is #UD as long as CR4.OSXSAVE can't be set; and SYSRET, whose
 * checks it leaves out. They are found in the process's code, for the mirror to show ring 0 an opcode
 * in their place on which the emulator gives up. Depends on mirror/; Zydis is loaded.
 */
#ifndef ASSIST_X86_64_PATCH_SEARCH_H
#define ASSIST_X86_64_PATCH_SEARCH_H

#include <stddef.h>
#include "base/error.h"
#include "mirror/mirror.h"

/* What was found before, so that it is looked for once in a mapping. Zeroed at first. */
struct patch_search {
	struct mistaken_text *texts;
	size_t text_count;
	struct mirror_patch *patches; /* by address */
	size_t count;
};

/*
 * Find them in all of the process's code that it can't write, as it is mapped now: the patches are
 * then right for a mirror made next. Returns 0; -ENOENT with a message if the decoder is missing;
 * another -errno. patch_search_finish() releases it.
 */
int patch_search_find(struct patch_search *mistaken, struct error *error);
void patch_search_finish(struct patch_search *mistaken);

#endif /* ASSIST_X86_64_PATCH_SEARCH_H */

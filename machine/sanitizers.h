/* SPDX-License-Identifier: MIT */
/* Ring 0's view of the functions by which AddressSanitizer and UndefinedBehaviorSanitizer report. Of the architecture. */
#ifndef MACHINE_SANITIZERS_H
#define MACHINE_SANITIZERS_H

#include "mirror/mirror.h"

/*
 * Add to a list by address, which may be NULL if it is empty, what leads ring 0 to its own functions where the
 * program has a sanitizer's. Returns 0, or -ENOMEM with a message; the list is for free() in either case.
 */
int sanitizers_add_patches(struct mirror_patch **patches, size_t *count, struct error *error);

#endif /* MACHINE_SANITIZERS_H */

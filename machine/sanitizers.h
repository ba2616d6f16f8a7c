/* SPDX-License-Identifier: MIT */
/* Ring 0's view of the functions by which AddressSanitizer and UndefinedBehaviorSanitizer report. Of the architecture. */
#ifndef MACHINE_SANITIZERS_H
#define MACHINE_SANITIZERS_H

#include "base/error.h"
#include "mirror/code_patches.h"

/*
 * Add what leads ring 0 to its own functions where the program has a sanitizer's. Returns 0, or -ENOMEM with a
 * message.
 */
int sanitizers_add_patches(struct code_patches *patches, struct error *error);

#endif /* MACHINE_SANITIZERS_H */

/* SPDX-License-Identifier: MIT */
/* What of a process is mirrored, how, and where in guest-physical memory. Between the files of mirror/. */
#ifndef MIRROR_LAYOUT_H
#define MIRROR_LAYOUT_H

#include "mirror/mirror.h"

/*
 * List the process's mappings as they are now, and which of them become parts. All memory that building the
 * mirror takes is allocated before: from the reading on, this thread does not change what it copies.
 * Returns 0 or -errno; mirror_destroy() releases it in either case.
 */
int layout_list(struct mirror *mirror, struct error *error);

/*
 * Choose how many frames the snapshot has, and from which guest-physical address on. Returns 0; -ENOSPC, with a
 * message, if the CPU's physical addresses are too few.
 */
int layout_choose(struct mirror *mirror, const struct mirror_config *config, int pagemap,
		  struct error *error);

#endif /* MIRROR_LAYOUT_H */

/* SPDX-License-Identifier: MIT */
/*
 * The program as an image has it: the mirror of this process, without a VM and without KVM, and without what
 * is of the machine and the user that wrote it.
 */
#ifndef IMAGE_FROZEN_H
#define IMAGE_FROZEN_H

#include "machine/entry.h"
#include "mirror/mirror.h"

struct frozen {
	struct mirror *mirror;
	struct entry entry;
};

/*
 * Take the calling program, for tests on up to `cpus` CPUs. Returns 0; -EBUSY, -ENOTSUP with a message for what can't
 * be in an image: other threads, devices, a sanitizer's shadow; another -errno. frozen_finish() releases it.
 */
int frozen_take(struct frozen *frozen, unsigned int cpus, struct error *error);
void frozen_finish(struct frozen *frozen);

/* A page at an address of the program, as it is in the image: zeroed where there is nothing to read. */
void frozen_page(const struct frozen *frozen, uint64_t address, uint8_t *page);

#endif /* IMAGE_FROZEN_H */

/* SPDX-License-Identifier: MIT */
/* The device tree of arm64's machine, which says to a kernel what that has. Pure. */
#ifndef BOOT_MACHINE_TREE_AARCH64_H
#define BOOT_MACHINE_TREE_AARCH64_H

#include "boot/protocol.h"

/* The initial RAM disk, where it has been placed; of size 0 if there is none. */
struct machine_tree_disk {
	uint64_t address, size;
};

/* Make it, as *bytes for free(). Returns 0; -E2BIG for too long a command line; -ENOMEM. */
int machine_tree_make(const struct boot_machine *machine, const char *command_line,
		      const struct machine_tree_disk *disk, uint8_t **bytes, size_t *size,
		      struct error *error);

#endif /* BOOT_MACHINE_TREE_AARCH64_H */

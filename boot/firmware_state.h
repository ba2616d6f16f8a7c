/* SPDX-License-Identifier: MIT */
/* What a PC's firmware leaves running, for a kernel that comes after it. Of the architecture. */
#ifndef BOOT_FIRMWARE_STATE_H
#define BOOT_FIRMWARE_STATE_H

#include "boot/setup.h"

/*
 * Have a setup for a kernel in protected mode begin with that: vectors for real mode at 0, the interrupt controllers set
 * up, and the timer's interrupt 18.2 times a second. Not if the kernel has something of its own where the vectors are.
 * Returns 0 or -errno.
 */
int boot_add_firmware_state(struct boot_setup *setup, struct error *error);

#endif /* BOOT_FIRMWARE_STATE_H */

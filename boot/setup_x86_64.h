/* SPDX-License-Identifier: MIT */
/* How kernels start on x86. */
#ifndef BOOT_SETUP_X86_64_H
#define BOOT_SETUP_X86_64_H

#include "boot/setup.h"

/*
 * Start in 32-bit protected mode, flat, without paging, at an address that has to be below 4 GiB and
 * in a segment. -ENOEXEC if it is not.
 */
int boot_setup_enter_32(struct boot_setup *setup, uint64_t at, struct error *error);

/* The same in 64-bit mode, the first 4 GiB mapped at their own addresses. */
int boot_setup_enter_64(struct boot_setup *setup, uint64_t at, struct error *error);

#endif /* BOOT_SETUP_X86_64_H */

/* SPDX-License-Identifier: MIT */
/* The initial file system. */
#ifndef COMMAND_LAB_KERNELS_INITRAMFS_H
#define COMMAND_LAB_KERNELS_INITRAMFS_H

#include "command/lab/kernels/kernel.h"
#include "command/lab/options.h"

/* Write the initial file system, init and modules, to a new memory file. A descriptor or -1. */
int lab_initramfs(const struct lab_options *options, const struct lab_kernel *kernel);

#endif /* COMMAND_LAB_KERNELS_INITRAMFS_H */

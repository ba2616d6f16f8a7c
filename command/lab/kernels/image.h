/* SPDX-License-Identifier: MIT */
/* Kernels as files: what of one a machine is started with. */
#ifndef COMMAND_LAB_KERNELS_IMAGE_H
#define COMMAND_LAB_KERNELS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "command/lab/kernels/kernel.h"
#include "command/lab/whole_file.h"

/*
 * A descriptor of the kernel as it is to be loaded: uncompressed, unless it is compressed in a way
 * unknown here or can't be started without its wrapping. -1 after an error line.
 */
int lab_kernel_image(const struct lab_kernel *kernel);
/* Whether QEMU can start this ELF file directly, by the PVH entry that a note gives. */
bool lab_has_pvh_entry(const unsigned char *data, size_t size);
/* Whether this is arm64's Image, or something that lab_kernel_image() may find one in. */
bool lab_is_arm64_image(const struct lab_blob *image);

#endif /* COMMAND_LAB_KERNELS_IMAGE_H */

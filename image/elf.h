/* SPDX-License-Identifier: MIT */
/* The image as a file: an ELF kernel for Multiboot, Multiboot 2 and PVH. */
#ifndef IMAGE_ELF_H
#define IMAGE_ELF_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/*
 * The start-up code and a payload, behind ELF headers: loaded in one piece at IMAGE_LOAD, so that an offset in the file is
 * one in memory. Returns 0 and memory for free(), or -ENOMEM.
 */
int image_elf_make(const uint8_t *payload, size_t payload_size, uint8_t **image, size_t *size,
		   struct error *error);

#endif /* IMAGE_ELF_H */

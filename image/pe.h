/* SPDX-License-Identifier: MIT */
/* The image as an EFI application. */
#ifndef IMAGE_PE_H
#define IMAGE_PE_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/*
 * An image as image_elf_make() makes it, with code before it that UEFI starts. Returns 0 and memory for free(), or
 * -ENOMEM.
 */
int image_pe_make(const uint8_t *image, size_t image_size, uint8_t **application, size_t *size,
		  struct error *error);

#endif /* IMAGE_PE_H */

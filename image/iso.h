/* SPDX-License-Identifier: MIT */
/* The image as a CD, DVD or USB stick that BIOS and UEFI start. */
#ifndef IMAGE_ISO_H
#define IMAGE_ISO_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/*
 * An ISO 9660 file system with the kernel that image_elf_make() has made, for GRUB, and the application that
 * image_pe_make() has made of it, for UEFI. Takes GRUB's, mtools' and xorriso's commands. Returns 0 and memory for
 * free(); -EFBIG for more than El Torito can say; another -errno, naming the command that failed.
 */
int image_iso_make(const uint8_t *image, size_t image_size, const uint8_t *application,
		   size_t application_size, uint8_t **iso, size_t *size, struct error *error);

#endif /* IMAGE_ISO_H */

/* SPDX-License-Identifier: MIT */
/*
 * The start-up code, as it is in memory from IMAGE_START on, its zeros at the end left out: see struct image_blob. And
 * what goes before it for UEFI.
 */
#ifndef IMAGE_BLOB_H
#define IMAGE_BLOB_H

#include <stdint.h>

#pragma GCC visibility push(hidden)
extern const uint8_t image_blob[], image_blob_end[];
/* The code of an EFI application: its first four bytes tell where its first function is. */
extern const uint8_t image_efi_code[], image_efi_code_end[];
#pragma GCC visibility pop

#endif /* IMAGE_BLOB_H */

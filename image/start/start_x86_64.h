/* SPDX-License-Identifier: MIT */
#ifndef IMAGE_START_START_X86_64_H
#define IMAGE_START_START_X86_64_H

#include <ring0/private/types.h>

/* The first function in long mode: the boot loader's magic number and information, and where the image is. */
void start_main(uint32_t magic, uint32_t information, uint32_t image_at) __attribute__((noreturn));

#endif /* IMAGE_START_START_X86_64_H */

/* SPDX-License-Identifier: MIT */
/* The start-up code's part in the program: see pad_x86_64.S. */
#ifndef IMAGE_START_TESTS_PAD_X86_64_H
#define IMAGE_START_TESTS_PAD_X86_64_H

#include "image/start/payload/format.h"

/* Put it there, and have the program's doorbells and its vector of NMIs lead to it. */
void pad_install(const struct image_payload *payload);

/* Where a part of it is in the program. */
uint64_t pad_address(const char *part);

#endif /* IMAGE_START_TESTS_PAD_X86_64_H */

/* SPDX-License-Identifier: MIT */
/* What the start-up code begins with: head_x86_64.S, tables_x86_64.S, and what start.ld says. */
#ifndef IMAGE_START_HEAD_X86_64_H
#define IMAGE_START_HEAD_X86_64_H

#include <ring0/private/types.h>

extern uint64_t start_table[512];
extern uint64_t start_gdt[4];
extern const char start_payload[];

/* The first function in long mode: the boot loader's magic number and information, and where the image is. */
void start_main(uint32_t magic, uint32_t information, uint32_t image_at) __attribute__((noreturn));

#endif /* IMAGE_START_HEAD_X86_64_H */

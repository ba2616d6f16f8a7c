/* SPDX-License-Identifier: MIT */
/* The page tables and the GDT that the start-up code begins with, and where start.ld puts what comes behind it. */
#ifndef IMAGE_START_CPU_TABLES_X86_64_H
#define IMAGE_START_CPU_TABLES_X86_64_H

#include <ring0/private/types.h>

extern uint64_t start_table[512];
extern uint64_t start_gdt[4];
extern const char start_payload[];

#endif /* IMAGE_START_CPU_TABLES_X86_64_H */

/* SPDX-License-Identifier: MIT */
/*
 * What the files that a program was loaded from ask of a CPU: an image may start on another than the one that
 * it is written on.
 */
#ifndef IMAGE_CPU_DEMANDS_H
#define IMAGE_CPU_DEMANDS_H

#include <link.h>

/*
 * The level of x86-64's instructions that a file says it needs (x86-64 psABI 1.0, 3.1.1): 1 for all that every such
 * CPU has, up to 4; 0 if it says nothing, as most files do.
 */
unsigned int cpu_demands_level(const struct dl_phdr_info *info);

/*
 * The name of a loaded file some of whose functions the dynamic linker has chosen by this host's CPU (IFUNC), or NULL.
 * libc's own don't count: GLIBC_TUNABLES has held those to what every x86-64 CPU has. It is the caller's, for free().
 */
char *cpu_demands_chosen(void);

#endif /* IMAGE_CPU_DEMANDS_H */

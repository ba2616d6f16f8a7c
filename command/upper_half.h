/* SPDX-License-Identifier: MIT */
/* The objects of the upper half that a test program carries, as a file of their own: see command/objects/. */
#ifndef COMMAND_UPPER_HALF_H
#define COMMAND_UPPER_HALF_H

/* The section of the program that has it, which is not loaded. */
#define UPPER_HALF_SECTION ".r0_upper_half"

/* As backtraces name it. */
#define UPPER_HALF_NAME "upper half"

/* A descriptor of that ELF file, for close(); -1 if the program has none, or can't be read. */
int upper_half_open(const char *program);

#endif /* COMMAND_UPPER_HALF_H */

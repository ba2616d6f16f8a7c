/* SPDX-License-Identifier: MIT */
/*
 * The instruction that a core file stopped at: as text, among its neighbours, and by what it
 * would access. Depends on core_file.h, symbols.h and Zydis.
 */
#ifndef COMMAND_BACKTRACE_DISASSEMBLY_H
#define COMMAND_BACKTRACE_DISASSEMBLY_H

#include <stdio.h>
#include "command/backtrace/symbols.h"

/* Longest instruction: SDM vol. 2A, 2.3.11. */
#define DISASSEMBLY_LONGEST 15

/* Write the instruction at RIP, or with `after` the one before RIP, between others. */
void disassembly_print(struct symbols *symbols, bool after, FILE *out);

/*
 * "mov %rax, (%rdi) (48 89 07)" of an instruction that would be at the core's RIP. Returns
 * whether it is one.
 */
bool disassembly_text(struct symbols *symbols, const uint8_t *bytes, size_t count, char *buffer,
		      size_t size);

/*
 * Write what the instruction at RIP needs and does, one line each, for crash/child.c:
 *   @instruction TEXT
 *   @raises VECTOR            whatever memory is like
 *   @interrupt VECTOR         it is INT n, INT3 or INTO
 *   @privileged               only ring 0 may execute it
 *   @extension NAME           as Zydis has it: "SSE2"
 *   @access r|w SEGMENT ADDRESS SIZE ALIGNMENT    the segment's first letter: s is for SS
 */
void disassembly_facts(struct symbols *symbols, FILE *out);

/*
 * The file of a library that disassembling arm64's code takes, which is loaded only then: for free(). NULL if it is not there.
 */
char *disassembly_library(void);

#endif /* COMMAND_BACKTRACE_DISASSEMBLY_H */

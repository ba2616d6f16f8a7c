/* SPDX-License-Identifier: MIT */
/* The call chain of code of 16 and 32 bits, where no file has rules for it. Of x86. */
#ifndef COMMAND_BACKTRACE_CALL_CHAIN_NARROW_H
#define COMMAND_BACKTRACE_CALL_CHAIN_NARROW_H

#include <stdio.h>
#include "command/backtrace/symbols.h"

/* DWARF's number of ESP: System V ABI, i386 supplement, table 2.14. */
#define CALL_CHAIN_ESP 4

/* For libdwfl: the registers that a walk begins with. */
bool call_chain_set_narrow(const struct symbols *symbols, Dwfl_Thread *thread);

/* Whether the code that it stopped in is of an ELF file for i386, whose rules are those of such code. */
bool call_chain_is_of_i386(struct symbols *symbols);

/*
 * Write where it stopped and, of 32-bit code, who called it, by what is on top of the stack and by EBP: as far as these are
 * or lead to return addresses with a CALL before them.
 */
void call_chain_print_by_ebp(struct symbols *symbols, FILE *out);

#endif /* COMMAND_BACKTRACE_CALL_CHAIN_NARROW_H */

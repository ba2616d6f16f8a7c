/* SPDX-License-Identifier: MIT */
/* Registers as the lines of a report, and those that every architecture has. Depends on crash.h alone. */
#ifndef CRASH_REGISTERS_H
#define CRASH_REGISTERS_H

#include "crash/crash.h"

void crash_registers_print(const struct crash_view *view, FILE *out);

/* Where the CPU is, and its stack pointer. */
uint64_t crash_registers_pc(const struct crash_view *view);
uint64_t crash_registers_sp(const struct crash_view *view);
void crash_registers_set_pc(struct crash_view *view, uint64_t pc);

/* In code of 16 and 32 bits, where its segments begin, as the command ring0 reads it: ES, CS, SS, DS, FS, GS. */
#define CRASH_REGISTERS_BASES_SIZE 128
void crash_registers_tell_bases(const struct crash_view *view,
				char text[CRASH_REGISTERS_BASES_SIZE]);

#endif /* CRASH_REGISTERS_H */

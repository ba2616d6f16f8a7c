/* SPDX-License-Identifier: MIT */
/* Interrupts and IRET where there is no long mode. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_LEGACY_H
#define ASSIST_X86_64_LEGACY_H

#include "assist/x86_64/deliver.h"

/*
 * One attempt, in protected or real mode. What it raises is in cpu->fault, and no register has changed, unless a task gate
 * led to another task already: then TR has.
 */
enum done legacy_deliver(struct cpu *cpu, const struct fault *fault, enum deliver_source source);

/* IRET in code of 16 and 32 bits, with operands of `size` bytes, before the instruction at `next`. */
enum done legacy_return(struct cpu *cpu, unsigned int size, uint64_t next);

#endif /* ASSIST_X86_64_LEGACY_H */

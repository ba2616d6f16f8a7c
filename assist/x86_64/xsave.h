/* SPDX-License-Identifier: MIT */
/* XSAVE and its relatives. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_XSAVE_H
#define ASSIST_X86_64_XSAVE_H

#include "assist/x86_64/cpu.h"
#include "assist/x86_64/decoder.h"

/* Execute one; `address` is that of its area. */
enum done xsave_execute(struct cpu *cpu, ZydisMnemonic mnemonic, uint64_t address);

#endif /* ASSIST_X86_64_XSAVE_H */

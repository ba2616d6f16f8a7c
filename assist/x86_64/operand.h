/* SPDX-License-Identifier: MIT */
/* Operands in memory, as the decoder describes them. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_OPERAND_H
#define ASSIST_X86_64_OPERAND_H

#include "assist/x86_64/cpu.h"
#include "assist/x86_64/instruction_form.h"

/* Where the decoder says that an operand in memory is; #GP or #SS if that is not canonical. */
enum done operand_address(struct cpu *cpu, const struct form *form,
			  const ZydisDecodedOperand *operand, size_t size, uint64_t *address);

#endif /* ASSIST_X86_64_OPERAND_H */

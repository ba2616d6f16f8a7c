/* SPDX-License-Identifier: MIT */
/* Which instructions the host can execute, which are emulated, and which have no effect. Depends on decoder.h. */
#ifndef ASSIST_X86_64_INSTRUCTION_CLASS_H
#define ASSIST_X86_64_INSTRUCTION_CLASS_H

#include <stdbool.h>
#include "assist/x86_64/decoder.h"

/* It has side effects besides registers and its memory operand, or depends on privilege. */
bool instruction_class_is_not_plain(const struct decoded *decoded);

/* It is emulated: in assist/x86_64/system.c, and far CALL, JMP and RET in far_transfer.c. */
bool instruction_class_is_system(ZydisMnemonic mnemonic);
bool instruction_class_is_far_transfer(const ZydisDecodedInstruction *instruction);

/* It has no effect, on every CPU. */
bool instruction_class_is_nothing(const ZydisDecodedInstruction *instruction);

#endif /* ASSIST_X86_64_INSTRUCTION_CLASS_H */

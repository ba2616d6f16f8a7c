/* SPDX-License-Identifier: MIT */
/* An instruction that is to be executed on the host, as bytes. */
#ifndef ASSIST_X86_64_INSTRUCTION_ENCODING_H
#define ASSIST_X86_64_INSTRUCTION_ENCODING_H

#include "assist/x86_64/instruction_form.h"

/* Encode it with [scratch] for its memory operand. Returns the length, 0 if it can't be done. */
size_t instruction_encoding_make(const struct form *form, const struct decoded *decoded,
				 uint8_t *encoded);

#endif /* ASSIST_X86_64_INSTRUCTION_ENCODING_H */

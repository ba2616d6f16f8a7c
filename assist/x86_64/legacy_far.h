/* SPDX-License-Identifier: MIT */
/* Far CALL, JMP and RET in protected mode's code of 16 and 32 bits. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_LEGACY_FAR_H
#define ASSIST_X86_64_LEGACY_FAR_H

#include "assist/x86_64/cpu.h"
#include "assist/x86_64/instruction_form.h"

/* Execute one; it sets RIP itself. What leads to another task, and all in real mode and long mode, is not known. */
enum done legacy_far_execute(struct cpu *cpu, const struct form *form,
			     const struct decoded *decoded);

#endif /* ASSIST_X86_64_LEGACY_FAR_H */

/* SPDX-License-Identifier: MIT */
/* Far CALL, JMP and RET. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_FAR_TRANSFER_H
#define ASSIST_X86_64_FAR_TRANSFER_H

#include "assist/x86_64/cpu.h"
#include "assist/x86_64/instruction_form.h"

/* Execute one; it sets RIP itself. */
enum done far_transfer_execute(struct cpu *cpu, const struct form *form,
			       const struct decoded *decoded);

#endif /* ASSIST_X86_64_FAR_TRANSFER_H */

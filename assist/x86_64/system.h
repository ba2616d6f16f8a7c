/* SPDX-License-Identifier: MIT */
/* Instructions that are more than computation, by their definition. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_SYSTEM_H
#define ASSIST_X86_64_SYSTEM_H

#include "assist/x86_64/cpu.h"
#include "assist/x86_64/instruction_form.h"

/*
 * Execute it. DONE: RIP is still to move on. *interrupts says that it was INT n or its like: the
 * vector is in cpu->fault, to be delivered with RIP past the instruction. *jumps says that RIP is
 * where to go on already.
 */
enum done system_execute(struct cpu *cpu, const struct form *form, const struct decoded *decoded,
			 bool *interrupts, bool *jumps);

#endif /* ASSIST_X86_64_SYSTEM_H */

/* SPDX-License-Identifier: MIT */
/* Instructions that compute, on the host's CPU. Depends on assist/x86_64/cpu.h and assist/x86_64/instruction_form.h. */
#ifndef ASSIST_X86_64_RUN_NATIVELY_H
#define ASSIST_X86_64_RUN_NATIVELY_H

#include "assist/x86_64/cpu.h"
#include "assist/x86_64/instruction_form.h"

/* #UD and #NM, as control registers and XCR0 say: SDM vol. 3A, 2.5, 13.1; vol. 2A, 2.4 to 2.8. */
enum done run_natively_check_state(struct cpu *cpu, enum form_state state, bool xmm);

/* The linear address of the memory operand; #GP or #SS if it is not canonical. */
enum done run_natively_address(struct cpu *cpu, const struct form *form, uint64_t *address);

/* Execute it, except for the change of RIP. */
enum done run_natively_execute(struct cpu *cpu, const struct form *form);

/* A gather or scatter, the same way. In assist/x86_64/gather.c. */
enum done gather_execute(struct cpu *cpu, const struct form *form, const struct decoded *decoded);

#endif /* ASSIST_X86_64_RUN_NATIVELY_H */

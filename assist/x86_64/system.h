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

/* Where the decoder says that an operand in memory is; #GP or #SS if that is not canonical. */
enum done system_operand(struct cpu *cpu, const struct form *form,
			 const ZydisDecodedOperand *operand, size_t size, uint64_t *address);

/* A far CALL, JMP or RET; it sets RIP itself. In assist/x86_64/far_transfer.c. */
enum done far_execute(struct cpu *cpu, const struct form *form, const struct decoded *decoded);

/* These set RIP themselves. In assist/x86_64/sysenter.c. */
enum done sysenter_execute(struct cpu *cpu);
enum done sysexit_execute(struct cpu *cpu, bool wide);
enum done sysret_execute(struct cpu *cpu, bool wide);

/* An MSR as KVM has it, 0 if it has none. */
uint64_t system_read_msr(const struct cpu *cpu, uint32_t index);

/* XSAVE and its relatives; `address` is that of their area. In assist/x86_64/xsave.c. */
enum done xsave_execute(struct cpu *cpu, ZydisMnemonic mnemonic, uint64_t address);

#endif /* ASSIST_X86_64_SYSTEM_H */

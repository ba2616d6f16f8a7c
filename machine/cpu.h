/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's registers as of its last exit, by what the others want of them; of the architecture. For the
 * calls that the guest runtime makes by the doorbell, see guest/entry/entry.h, r0_ask().
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "machine/machine.h"

/* The general ones. */
struct kvm_regs cpu_registers(const struct machine_cpu *cpu);

/* The address of the next instruction. */
uint64_t cpu_pc(const struct machine_cpu *cpu);

bool cpu_takes_interrupts(const struct machine_cpu *cpu);

/* Whether that CPU of a machine goes by exception vectors of the test's own. */
bool cpu_has_own_vectors(const struct machine *machine, unsigned int number);

/* The message that the guest runtime sends, with its two arguments; and the answer to it. */
struct cpu_message {
	uint64_t number, a, b;
};
struct cpu_message cpu_message(const struct machine_cpu *cpu);
void cpu_answer(struct machine_cpu *cpu, uint64_t value);

/* Whether the vCPU left at one of the runtime's doorbells, and none of the test's own code. */
bool cpu_is_at_doorbell(const struct machine_cpu *cpu);

/* Start at a function with that many arguments, up to 6. */
void cpu_start_at(struct machine_cpu *cpu, const void *fn, const uint64_t *arguments,
		  unsigned int count);

#endif /* MACHINE_CPU_H */

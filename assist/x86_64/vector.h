/* SPDX-License-Identifier: MIT */
/* The vector registers and masks, in the CPU's extended state. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_VECTOR_H
#define ASSIST_X86_64_VECTOR_H

#include "assist/x86_64/cpu.h"

/* The components of the extended state in code->xsave. */
enum vector_component {
	VECTOR_X87,
	VECTOR_SSE,
	VECTOR_AVX,
	VECTOR_MASKS = 5,
	VECTOR_ZMM_HIGH,
	VECTOR_HIGH_ZMM,
	VECTOR_PKRU = 9
};

/* Read or write the low `size` bytes of vector register `number`. */
void vector_get(const struct cpu *cpu, unsigned int number, void *to, size_t size);
void vector_set(struct cpu *cpu, unsigned int number, const void *from, size_t size);
uint64_t vector_get_mask(const struct cpu *cpu, unsigned int number);
void vector_set_mask(struct cpu *cpu, unsigned int number, uint64_t value);

/* 0 on a CPU that has none. */
uint32_t vector_get_pkru(const struct cpu *cpu);
void vector_set_pkru(struct cpu *cpu, uint32_t value);

#endif /* ASSIST_X86_64_VECTOR_H */

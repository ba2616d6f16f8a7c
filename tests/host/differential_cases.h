/* SPDX-License-Identifier: MIT */
/* Random instructions with random registers and memory. Repeatable by a seed. */
#ifndef TESTS_HOST_DIFFERENTIAL_CASES_H
#define TESTS_HOST_DIFFERENTIAL_CASES_H

#include <stdbool.h>
#include <stdint.h>
#include "differential_forms.h"

#define MEMORY_SIZE 512
#define AREA_SIZE   2816 /* to the end of the upper halves of the ZMM registers and more */

struct state {
	uint64_t gpr[16];
	uint64_t flags;
	uint8_t area[AREA_SIZE] __attribute__((aligned(64)));
	uint8_t memory[MEMORY_SIZE] __attribute__((aligned(64)));
};

/* Before the first case; not 0. */
void differential_seed(uint64_t seed);

/* Where a component of the extended state is in `area`, by CPUID (SDM vol. 2A, CPUID, leaf 0DH). */
uint32_t differential_component(unsigned int number, uint32_t *size);

/* The longest instruction with what vary() may put behind it. */
#define DIFFERENTIAL_BYTES 32

/*
 * An instruction of that form for the address `rip`, and a state that leads its memory operand into
 * [memory, memory + MEMORY_SIZE). `mask` has the components of the extended state. Returns its length, or 0
 * if it has come to be none.
 */
size_t differential_make(const struct template *template, uint64_t rip, uint64_t memory,
			 uint64_t mask, struct state *state, uint8_t *bytes);

#endif /* TESTS_HOST_DIFFERENTIAL_CASES_H */

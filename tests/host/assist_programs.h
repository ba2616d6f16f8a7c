/* SPDX-License-Identifier: MIT */
/* Random programs for assist_runs.c, and the memory that they are in. */
#ifndef TESTS_HOST_ASSIST_PROGRAMS_H
#define TESTS_HOST_ASSIST_PROGRAMS_H

#include <linux/types.h>
#include <stdint.h>
#include "differential_forms.h"

#define PAGE 4096

/* At a multiple of 2 MiB, so that one page table maps it. Guest-physical addresses begin at its start. */
struct arena {
	uint8_t code[2 * PAGE];
	uint8_t data[3 * PAGE]; /* what programs access, and the two pages after it */
	uint8_t read_only[PAGE];
	uint8_t absent[PAGE];
	uint8_t device[PAGE];
	uint8_t stack[PAGE];
	uint8_t guard[PAGE];
	uint8_t fault_stack[PAGE];
	uint64_t tables[4][512];
	struct {
		uint64_t low, high;
	} idt[32];
	uint64_t gdt[8];
	uint8_t tss[256];
} __attribute__((aligned(PAGE)));

#define COUNTER(arena) ((arena)->data + 3 * PAGE - 64) /* of loops; nothing else is aimed there */

extern struct arena *arena;

/* What programs have of what a software KVM lacks. */
extern struct differential_forms assist_programs_forms;

void assist_programs_seed(uint64_t seed);
uint64_t assist_programs_random(void);
uint64_t assist_programs_below(uint64_t limit);

/* Makes one in the arena; *begin is where. Returns where it ends, at a HLT. */
uint64_t assist_programs_make(__u64 *begin);

#endif /* TESTS_HOST_ASSIST_PROGRAMS_H */

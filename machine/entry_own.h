/* SPDX-License-Identifier: MIT */
/* What machine/entry.c leaves to the architecture. */
#ifndef MACHINE_ENTRY_OWN_H
#define MACHINE_ENTRY_OWN_H

#include <stddef.h>
#include <ring0/private/abi.h>
#include "machine/entry.h"

/* The parts of a CPU's area (R0_AREA_…) that are there: what lies between them guards the stacks. */
extern const struct entry_part {
	uint64_t offset, size;
} entry_own_parts[];
extern const size_t entry_own_part_count;

/* The calling thread's pointer to its TLS. */
uint64_t entry_own_thread_pointer(void);

/* The roots of page tables that a CPU goes by, and what else the architecture keeps for it. */
void entry_own_fill(struct r0_guest *guest, struct r0_cpu *cpu, const struct mirror *mirror);

/* The CPUs' tables, and the like; `kvm` is NULL for an image. Returns 0 or -errno. */
int entry_own_prepare(const struct entry *entry, const struct kvm *kvm, struct mirror *mirror);

#endif /* MACHINE_ENTRY_OWN_H */

/* SPDX-License-Identifier: MIT */
/*
 * The state in which an x86 test starts: descriptor tables, stacks and the runtime's variables in
 * the mirror, and the vCPU's registers. SDM vol. 3A, chapters 2, 3, 6 and 8.
 */
#ifndef RUNNER_ENTRY_X86_64_H
#define RUNNER_ENTRY_X86_64_H

#include <stdint.h>
#include "mirror/mirror.h"
#include "vmm/vcpu.h"

struct entry {
	uint64_t area;	  /* address of the CPU's own memory, from entry_reserve() */
	uint64_t fs_base; /* of the thread whose TLS tests see */
};

/*
 * Reserve the CPU's own memory in the process, for the mirror to find, and note the calling
 * thread's FS base. Returns 0 or -errno. entry_release() gives the memory back.
 */
int entry_reserve(struct entry *entry, struct error *error);
void entry_release(struct entry *entry);

/* The most ranges that entry_supervisor_ranges() gives. */
#define ENTRY_SUPERVISOR_RANGES 3

/* What ring 3's page tables map for ring 0 only. Returns their number. */
size_t entry_supervisor_ranges(const struct entry *entry, struct mirror_range *ranges);

/* Fill in the tables and the runtime's variables. Returns 0 or -errno. */
int entry_prepare(const struct entry *entry, struct mirror *mirror, struct error *error);

/* Give a new vCPU the registers that a test starts with. Returns 0 or -errno. */
int entry_apply(const struct entry *entry, const struct mirror *mirror, struct vcpu *vcpu,
		struct error *error);

#endif /* RUNNER_ENTRY_X86_64_H */

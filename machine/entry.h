/* SPDX-License-Identifier: MIT */
/*
 * The state in which a test starts: tables, stacks and the runtime's variables in the mirror, and the
 * vCPU's registers. Of the architecture.
 */
#ifndef MACHINE_ENTRY_H
#define MACHINE_ENTRY_H

#include <stdint.h>
#include <ring0/smp.h>
#include "kvm/vcpu/vcpu.h"
#include "machine/tls.h"
#include "mirror/mirror.h"

struct entry {
	uint64_t area;	   /* address of the CPUs' own memory, from entry_reserve() */
	unsigned int cpus; /* that there is memory for */
	struct tls tls;	   /* of the thread whose TLS tests see */
	uint64_t copies;   /* address of the copies of it, for all CPUs but the first */
};

/*
 * Reserve the memory that CPUs have of their own in the process, for the mirror to find, and note
 * the calling thread's TLS. Returns 0 or -errno. entry_release() gives the memory back.
 */
int entry_reserve(struct entry *entry, unsigned int cpus, struct error *error);
void entry_release(struct entry *entry);

/* A CPU's own memory (R0_AREA_…), and its thread pointer: on x86 FS base. */
uint64_t entry_area(const struct entry *entry, unsigned int cpu);
uint64_t entry_fs_base(const struct entry *entry, unsigned int cpu);

/* The copy of the TLS that a CPU but the first has. */
uint64_t entry_tls_copy(const struct entry *entry, unsigned int cpu);

/* The most ranges that entry_supervisor_ranges() gives. */
#define ENTRY_SUPERVISOR_RANGES (2 + R0_CPU_LIMIT)

/* What ring 3's page tables map for ring 0 only. Returns their number. */
size_t entry_supervisor_ranges(const struct entry *entry, struct mirror_range *ranges);

/*
 * What nearly all tests write to, and is put back without asking: ranges of whole pages, at most
 * ENTRY_ALWAYS_RANGES. Returns their number. Of the architecture.
 */
#define ENTRY_ALWAYS_RANGES 2
size_t entry_always_written(const struct entry *entry, struct mirror_range *ranges);

/* Fill in the tables and the runtime's variables, for that KVM, or NULL for an image. Returns 0 or -errno. */
int entry_prepare(const struct entry *entry, const struct kvm *kvm, struct mirror *mirror,
		  struct error *error);

/*
 * Give a new vCPU the registers that it starts with: the first those of a test, the others, which are
 * halted, those of a CPU that waits for work. Returns 0 or -errno.
 */
int entry_apply(const struct entry *entry, const struct mirror *mirror, struct vcpu *vcpu,
		unsigned int cpu, struct error *error);

/* x86: have its local APIC take interrupts, as an operating system leaves it. Returns 0 or -errno. */
int entry_enable_apic(struct vcpu *vcpu, struct error *error);

#endif /* MACHINE_ENTRY_H */

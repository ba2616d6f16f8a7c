/* SPDX-License-Identifier: MIT */
/* Segment descriptors. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_DESCRIPTOR_H
#define ASSIST_X86_64_DESCRIPTOR_H

#include "assist/x86_64/cpu.h"

/* A segment descriptor of the GDT or LDT, by its selector. */
struct descriptor {
	uint64_t low, high; /* high of system segments alone, else 0 */
	uint64_t address;   /* of its first half */
	bool present; /* within the table's limit, and not null; nothing else is known if not */
};

/* Read one, with the CPU's own rights. DONE, or DONE_FAULT with #PF. */
enum done descriptor_read(struct cpu *cpu, uint16_t selector, struct descriptor *descriptor);

/* The same, of a selector that may not be null, nor lead past its table: else DONE_FAULT with #GP. */
enum done descriptor_require(struct cpu *cpu, uint16_t selector, struct descriptor *descriptor);

/* The segment that it describes. */
struct kvm_segment descriptor_segment(const struct descriptor *descriptor, uint16_t selector);

/* The same, of code or data, accessed from now on. DONE, or DONE_FAULT with #PF. */
enum done descriptor_load(struct cpu *cpu, const struct descriptor *descriptor, uint16_t selector,
			  struct kvm_segment *segment);

/* On the way to an outer ring, data segments that it may not have become null: SDM vol. 2B, RET. */
void descriptor_drop_inner(struct cpu *cpu, unsigned int cpl);

#define DESCRIPTOR_TYPE(descriptor)    ((unsigned int)((descriptor)->low >> 40 & 0xf))
#define DESCRIPTOR_S(descriptor)       ((unsigned int)((descriptor)->low >> 44 & 1))
#define DESCRIPTOR_DPL(descriptor)     ((unsigned int)((descriptor)->low >> 45 & 3))
#define DESCRIPTOR_PRESENT(descriptor) ((unsigned int)((descriptor)->low >> 47 & 1))

#define DESCRIPTOR_L(descriptor) ((unsigned int)((descriptor)->low >> 53 & 1))
#define DESCRIPTOR_D(descriptor) ((unsigned int)((descriptor)->low >> 54 & 1))

/* Types of segments that are not the system's. */
#define DESCRIPTOR_CODE	      8u
#define DESCRIPTOR_CONFORMING 4u
#define DESCRIPTOR_WRITABLE   2u /* of data */
#define DESCRIPTOR_ACCESSED   1u

#endif /* ASSIST_X86_64_DESCRIPTOR_H */

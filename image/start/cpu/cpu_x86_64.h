/* SPDX-License-Identifier: MIT */
/* The CPU's registers as tests find them: those of a mirrored test, as far as this CPU has them. */
#ifndef IMAGE_START_CPU_CPU_X86_64_H
#define IMAGE_START_CPU_CPU_X86_64_H

#include <ring0/private/types.h>
#include "image/start/payload/format.h"

struct cpu_features {
	unsigned int physical_bits;
	bool gigabyte_pages;
	uint64_t xcr0; /* all that it supports, or 0 */
};

extern struct cpu_features cpu_features;

/* Where a test's CPUs have their GS bases: each so many bytes above the one before. */
struct cpu_gs {
	uint64_t first, size;
};

extern struct cpu_gs cpu_gs;

/* Look at the CPU, and at what the MSRs hold that a reset is to put back. */
void cpu_look(void);

/* For the start-up code, after whatever a test has done. */
void cpu_recover(void);

/* For a test: control, debug and segment registers, descriptor tables, MSRs, extended state. */
void cpu_prepare(const struct image_payload *payload, unsigned int number);

#endif /* IMAGE_START_CPU_CPU_X86_64_H */

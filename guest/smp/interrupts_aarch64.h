/* SPDX-License-Identifier: MIT */
/*
 * What the GIC holds, as text. For a wait that ends in a failure at EL1, and for the host's reports alike. Depends on
 * include/ and guest/text/format.h alone.
 */
#ifndef GUEST_SMP_INTERRUPTS_AARCH64_H
#define GUEST_SMP_INTERRUPTS_AARCH64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Of INTIDs a bit each. */
struct interrupt_registers {
	unsigned int version; /* of the GIC: 3 or 2 */
	uint32_t distributor; /* GICD_CTLR */
	bool has_interface;   /* the next three are known */
	/* ICC_PMR_EL1, ICC_IGRPEN1_EL1, ICC_RPR_EL1; of a GICv2 GICC_PMR, GICC_CTLR, GICC_RPR. */
	uint32_t priority_mask, group, running;
	uint32_t groups[2], enabled[2], pending[2], active[2];
};

/*
 * Describe them, in lines of which the last one has no newline. `vector` is the one that did not come,
 * or -1: what holds it back comes first, where that can be told. Returns the length, less than `size`.
 */
size_t describe_interrupts(const struct interrupt_registers *registers, int vector, char *text,
			   size_t size);

#pragma GCC visibility pop

#endif /* GUEST_SMP_INTERRUPTS_AARCH64_H */

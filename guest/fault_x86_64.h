/* SPDX-License-Identifier: MIT */
/* What a fault tells of itself. */
#ifndef GUEST_FAULT_X86_64_H
#define GUEST_FAULT_X86_64_H

#include <stdint.h>
#include <ring0/fault.h>

/* The address that was accessed, of a page fault. */
static inline uint64_t fault_address(const struct r0_fault *fault)
{
	return fault->cr2;
}

/* The instruction that faulted. */
static inline uint64_t fault_pc(const struct r0_fault *fault)
{
	return fault->rip;
}

#endif /* GUEST_FAULT_X86_64_H */

/* SPDX-License-Identifier: MIT */
/* Where a fault was, and what it was about. Of the architecture. Depends on include/ alone. */
#ifndef GUEST_ENTRY_FAULT_PLACE_H
#define GUEST_ENTRY_FAULT_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <ring0/fault.h>

#pragma GCC visibility push(hidden)

/* The address that was accessed, if there is one. */
uint64_t fault_address(const struct r0_fault *fault);

/* Whether the exception is about an address. */
bool fault_has_address(const struct r0_fault *fault);

/* What the CPU says of it besides, and what that is called. */
uint64_t fault_syndrome(const struct r0_fault *fault);
extern const char fault_syndrome_name[];

/* The instruction that faulted. */
uint64_t fault_pc(const struct r0_fault *fault);

#pragma GCC visibility pop

#endif /* GUEST_ENTRY_FAULT_PLACE_H */

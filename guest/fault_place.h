/* SPDX-License-Identifier: MIT */
/* Where a fault was. Depends on include/ alone. */
#ifndef GUEST_FAULT_PLACE_H
#define GUEST_FAULT_PLACE_H

#include <stdint.h>
#include <ring0/fault.h>

#pragma GCC visibility push(hidden)

/* The address that was accessed, of a page fault. */
uint64_t fault_address(const struct r0_fault *fault);

/* The instruction that faulted. */
uint64_t fault_pc(const struct r0_fault *fault);

#pragma GCC visibility pop

#endif /* GUEST_FAULT_PLACE_H */

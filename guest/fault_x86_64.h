/* SPDX-License-Identifier: MIT */
/* Exceptions and interrupts as the entry code hands them on. */
#ifndef GUEST_FAULT_X86_64_H
#define GUEST_FAULT_X86_64_H

#include <ring0/fault.h>

#pragma GCC visibility push(hidden)

/* What the entry code calls, through struct r0_guest, for each of them. */
void r0_exception(struct r0_frame *frame);

#pragma GCC visibility pop

#endif /* GUEST_FAULT_X86_64_H */

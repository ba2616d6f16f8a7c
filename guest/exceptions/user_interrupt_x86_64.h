/* SPDX-License-Identifier: MIT */
/* INT n in ring 3, where a KVM gets it wrong. */
#ifndef GUEST_EXCEPTIONS_USER_INTERRUPT_X86_64_H
#define GUEST_EXCEPTIONS_USER_INTERRUPT_X86_64_H

#include <ring0/fault.h>

#pragma GCC visibility push(hidden)

/* Make an exception that came what it should have been. */
void correct_user_interrupt(struct r0_frame *frame);

#pragma GCC visibility pop

#endif /* GUEST_EXCEPTIONS_USER_INTERRUPT_X86_64_H */

/* SPDX-License-Identifier: MIT */
/* The tries that are under way, one within another. */
#ifndef GUEST_EXCEPTIONS_RECOVERY_H
#define GUEST_EXCEPTIONS_RECOVERY_H

#include <ring0/private/abi.h>

#pragma GCC visibility push(hidden)

/* Have the interrupted code continue where the innermost try began. Of the architecture. */
void recover(struct r0_cpu *cpu, struct r0_frame *frame);

/* That try is over, in whatever way. */
void leave_try(struct r0_cpu *cpu, const struct r0_try *try);

/* What r0_try_begin() ends in. */
int r0_try_link(struct r0_try *try);

#pragma GCC visibility pop

#endif /* GUEST_EXCEPTIONS_RECOVERY_H */

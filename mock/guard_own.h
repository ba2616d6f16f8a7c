/* SPDX-License-Identifier: MIT */
/* What mock/guard.c and mock/place.c leave to the architecture. */
#ifndef MOCK_GUARD_OWN_H
#define MOCK_GUARD_OWN_H

#include <ucontext.h>
#include <linux/kvm.h>
#include "mock/guard.h"

/* Fill in where that is, the registers that functions keep with it. Async-signal-safe. */
void guard_own_registers(const ucontext_t *context, struct guard_place *place);

/* The same registers as a guest's. */
void guard_own_view(const struct guard_place *place, struct kvm_regs *regs);

#endif /* MOCK_GUARD_OWN_H */

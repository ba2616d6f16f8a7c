/* SPDX-License-Identifier: MIT */
/* Where the next exception's stack of a CPU starts. Of the architecture. */
#ifndef GUEST_ENTRY_EXCEPTION_STACK_H
#define GUEST_ENTRY_EXCEPTION_STACK_H

#include <ring0/private/abi.h>

#pragma GCC visibility push(hidden)

uint64_t exception_stack(const struct r0_cpu *cpu);
void set_exception_stack(const struct r0_cpu *cpu, uint64_t top);

#pragma GCC visibility pop

#endif /* GUEST_ENTRY_EXCEPTION_STACK_H */

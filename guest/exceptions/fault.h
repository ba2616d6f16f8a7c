/* SPDX-License-Identifier: MIT */
/* What exceptions lead to on every architecture. In ring 0. */
#ifndef GUEST_EXCEPTIONS_FAULT_H
#define GUEST_EXCEPTIONS_FAULT_H

#include <ring0/private/abi.h>

#pragma GCC visibility push(hidden)

/* What the entry code calls, through struct r0_guest, for each of them. Of the architecture. */
void r0_exception(struct r0_frame *frame);

/* Whether an address is in what is mirrored only when it is touched. */
bool is_sparse(uint64_t address);

/* Serve the message that our own code in ring 3 has for the host: the answer. */
uint64_t serve_user_message(struct r0_cpu *cpu, uint64_t message, uint64_t a, uint64_t b);

/* For reports: whether a handler goes back to an instruction that raises the same again. */
void note_resumption(struct r0_cpu *cpu, uint64_t vector, uint64_t pc, uint64_t address);

#pragma GCC visibility pop

#endif /* GUEST_EXCEPTIONS_FAULT_H */

/* SPDX-License-Identifier: MIT */
/* Tables that a test has loaded in place of those that it started with. */
#ifndef GUEST_EXCEPTIONS_OWN_TABLES_H
#define GUEST_EXCEPTIONS_OWN_TABLES_H

#include <ring0/private/abi.h>

#pragma GCC visibility push(hidden)

/* Whether the test has vectors of its own by which that exception does not come to the runtime. */
bool has_own_gate(unsigned int vector);
extern const char own_gate_text[]; /* says so */

/*
 * Fail, for a function that goes to ring 3 and back, if the tables that are loaded don't allow it; and note what of
 * them is the test's own.
 */
void require_runtime_tables(const char *function, const struct r0_cpu *cpu);

struct r0_table_register;

/* Whether a gate of an IDT leads to the runtime's own code for that vector: a test's is the test's affair. */
bool is_runtime_gate(const struct r0_table_register *idt, unsigned int vector);

#pragma GCC visibility pop

#endif /* GUEST_EXCEPTIONS_OWN_TABLES_H */

/* SPDX-License-Identifier: MIT */
/*
 * Vectors and page tables that a test has in place of those that it started with: what of the runtime still works
 * with them. All of it at EL1.
 */
#include <ring0.h>
#include "guest/entry/state.h"
#include "guest/exceptions/own_tables.h"

bool has_own_gate(unsigned int vector)
{
	uint64_t vbar;

	(void)vector;
	__asm__ volatile("mrs %0, vbar_el1" : "=r"(vbar));
	return vbar != (uint64_t)r0_vectors + this_cpu()->number * R0_VECTORS_SIZE;
}

const char own_gate_text[] = "the test has vectors of its own (VBAR_EL1)";

void require_runtime_tables(const char *function, const struct r0_cpu *cpu)
{
	uint64_t ttbr0;

	__asm__ volatile("mrs %0, ttbr0_el1" : "=r"(ttbr0));
	if (has_own_gate(R0_UNDEFINED))
		r0_panic(
			"%s() returns by an exception, and the test has its own vectors (VBAR_EL1)",
			function);
	if (ttbr0 != cpu->kernel_root)
		r0_panic(
			"%s() uses the runtime's page tables for EL0 and returns to those that "
			"the test started with: it can't be called on a test's own, with TTBR0_EL1 %#lx",
			function, ttbr0);
}

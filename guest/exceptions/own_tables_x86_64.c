/* SPDX-License-Identifier: MIT */
/*
 * Tables that a test has loaded in place of those that it started with: what of the runtime still works
 * with them. All of it in ring 0.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "guest/entry/state.h"
#include "guest/exceptions/own_tables.h"

/* SDM vol. 2A, INT n. */
#define INT3 0xcc

bool is_runtime_gate(const struct r0_table_register *idt, unsigned int vector)
{
	const struct r0_gate *gate = (const struct r0_gate *)idt->base + vector;
	uint64_t offset = gate->offset_low | (uint64_t)gate->offset_middle << 16 |
			  (uint64_t)gate->offset_high << 32;

	return (vector + 1) * sizeof(*gate) <= idt->limit + 1u &&
	       offset == (uint64_t)r0_vector_stubs + (uint64_t)vector * R0_VECTOR_STUB_SIZE;
}

bool has_own_gate(unsigned int vector)
{
	const struct r0_table_register idt = r0_sidt();

	return idt.base != this_cpu()->area + R0_AREA_IDT && !is_runtime_gate(&idt, vector);
}

const char own_gate_text[] = "the test has loaded an IDT whose gate for that is its own";

/* What IRETQ to ring 3 wants: SDM vol. 3A, 3.4.5 and table 3-1; the L, DPL and P of 64-bit code. */
static bool has_user_code(const struct r0_table_register *gdt)
{
	const uint64_t wanted = 1ull << 53 | 3ull << 45 | 1ull << 47 | 3ull << 43;
	const uint64_t *entry = (const uint64_t *)(gdt->base + R0_USER_CS);

	return R0_USER_CS + 7u <= gdt->limit && (*entry & wanted) == wanted;
}

/* Also one that the test has changed in the table that it started with. */
static bool leads_elsewhere(unsigned int vector)
{
	const struct r0_table_register idt = r0_sidt();

	return !is_runtime_gate(&idt, vector) || !(r0_idt()[vector].type_dpl_p & R0_GATE_P);
}

/* For what is in place of functions that the test replaces, in ring 3. */
static void note_own_trap_gates(void)
{
	unsigned int i;

	for (i = 0; i < R0_REPLACED_LIMIT && r0_replaced[i].function; i++) {
		const uint8_t *trap = (const uint8_t *)r0_replaced[i].trap;

		if (trap && leads_elsewhere(*trap == INT3 ? R0_BP : R0_GP))
			note_use(R0_USED_OWN_TRAP_GATE);
	}
}

void require_runtime_tables(const char *function, const struct r0_cpu *cpu)
{
	const struct r0_table_register gdt = r0_sgdt();
	const uint64_t cr3 = r0_read_cr3();

	if (has_own_gate(R0_UD))
		r0_panic(
			"%s() returns by #UD, and the test has loaded an IDT whose gate for that is "
			"its own",
			function);
	if ((cr3 & R0_CR3_ADDRESS) != (cpu->kernel_root & R0_CR3_ADDRESS))
		r0_panic("%s() uses the runtime's page tables for ring 3 and returns to those that "
			 "the test started with: it can't be called on a test's own, with CR3 %#lx",
			 function, cr3);
	if (gdt.base != cpu->area + R0_AREA_GDT && !has_user_code(&gdt))
		r0_panic(
			"%s() needs a 64-bit code segment of ring 3 at selector %#x, which the GDT that "
			"the test has loaded lacks",
			function, R0_USER_CS);
	note_own_trap_gates();
}

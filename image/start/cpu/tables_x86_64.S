/* SPDX-License-Identifier: MIT */
/* The GDT, the page tables and the stack with which the start-up code begins. */
#define STACK_SIZE 0x4000

	.data
	.balign 8
	.globl start_gdt, start_gdtr
start_gdt:
	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
start_gdt_end:
	.short	0, 0, 0
start_gdtr:
	.short	start_gdt_end - start_gdt - 1
	.quad	0

	.bss
	.balign 4096
	/* The tables of the start, until those of the rest are made; and of the other CPUs' start. */
	.globl start_table, low_table, high_table, image_directory, large_tables, start_stack_end
start_table:
	.skip	4096
low_table:
	.skip	4096
high_table:
	.skip	4096
image_directory:
	.skip	4096
	.globl image_table
image_table:
	.skip	4096
large_tables:
	.skip	4 * 4096
	.skip	STACK_SIZE
start_stack_end:

	.section .note.GNU-stack, "", @progbits

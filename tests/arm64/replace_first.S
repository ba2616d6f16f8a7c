/* SPDX-License-Identifier: MIT */
/* Functions whose first instruction depends on where it is, or is come back to. X0 is the argument of each. */
	.text

	.balign 16
	.globl address_first
	.type address_first, @function
address_first:
	adr	x1, address_first
	str	x1, [x0]
	ret
	.size address_first, . - address_first

	.balign 16
	.globl literal_first
	.type literal_first, @function
literal_first:
	ldr	x1, 1f
	str	x1, [x0]
	ret
	.balign 8
1:
	.quad	0x1234
	.size literal_first, . - literal_first

	.balign 16
	.globl comes_back_first
	.type comes_back_first, @function
comes_back_first:
	ldr	x1, [x0]
	sub	x1, x1, #1
	str	x1, [x0]
	cbnz	x1, comes_back_first
	ret
	.size comes_back_first, . - comes_back_first

	.section .note.GNU-stack, "", @progbits

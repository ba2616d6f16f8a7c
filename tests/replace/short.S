/* SPDX-License-Identifier: MIT */
/* Functions of which compilers make some, but not for every test of them. */
	.text

/* Each shorter than a jump, with no room behind it. */
	.globl	one_byte
	.type	one_byte, @function
one_byte:
	ret
	.size	one_byte, . - one_byte

	.globl	returns_seven
	.type	returns_seven, @function
returns_seven:
	push	$7
	pop	%rax
	ret
	.size	returns_seven, . - returns_seven

	.globl	only_returns
	.type	only_returns, @function
only_returns:
	ret
	.size	only_returns, . - only_returns

/* Back to its first byte, as gcc -Os makes loops: 3 * EDI. */
	.p2align 4
	.globl	comes_back
	.type	comes_back, @function
comes_back:
	addl	$3, total(%rip)
	decl	%edi
	jnz	comes_back
	xorl	%eax, %eax
	xchgl	total(%rip), %eax
	ret
	.size	comes_back, . - comes_back

/* Short branches that have no long form: EDI + ESI + 2 * RCX. */
	.p2align 4
	.globl	begins_with_loop
	.type	begins_with_loop, @function
begins_with_loop:
	jrcxz	1f
	jmp	2f
1:	leal	(%rdi,%rsi), %eax
	ret
2:	incl	%edi
	incl	%edi
	loop	2b
	jmp	1b
	.size	begins_with_loop, . - begins_with_loop

/* As gcc moves what is rarely executed: -EDI from there, by way of the first bytes once more. */
	.p2align 4
	.globl	has_cold_part
	.type	has_cold_part, @function
has_cold_part:
	testl	%edi, %edi
	js	has_cold_part.cold
	leal	(%rdi), %eax
	ret
	.size	has_cold_part, . - has_cold_part
	.section .text.unlikely, "ax", @progbits
	.type	has_cold_part.cold, @function
has_cold_part.cold:
	negl	%edi
	jmp	has_cold_part
	.size	has_cold_part.cold, . - has_cold_part.cold
	.text

/* As much old assembly: nothing says where it ends. */
	.p2align 4
	.globl	has_no_size
has_no_size:
	leal	5(%rdi), %eax
	ret

/* A NULL pointer is found by its first instruction, which is moved. */
	.p2align 4
	.globl	first_reads
	.type	first_reads, @function
first_reads:
	movl	(%rdi), %eax
	addl	$1, %eax
	ret
	.size	first_reads, . - first_reads

	.bss
	.p2align 2
total:	.zero	4
	.section .note.GNU-stack, "", @progbits

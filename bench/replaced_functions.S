/* SPDX-License-Identifier: MIT */
/* Functions that bench/replaced.c replaces. */
	.text

	.globl	long_enough
	.type	long_enough, @function
long_enough:
	movl	$5, %eax
	addl	%edi, %eax
	ret
	.size	long_enough, . - long_enough

	.globl	too_short
	.type	too_short, @function
too_short:
	movl	%edi, %eax
	ret
	.size	too_short, . - too_short

	/* No room behind it. */
	.globl	behind
	.type	behind, @function
behind:
	ret
	.size	behind, . - behind

	.section .note.GNU-stack, "", @progbits

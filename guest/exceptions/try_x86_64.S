/* SPDX-License-Identifier: MIT */
/* Where r0_try() comes back to: the registers that a function keeps (AMD64 ABI, figure 3.4). */
	.hidden r0_try_link

	.text

/* int r0_try_begin(struct r0_try *try) */
	.balign 16
	.globl r0_try_begin
	.type r0_try_begin, @function
r0_try_begin:
	.cfi_startproc
	movq	%rbx, 0(%rdi)
	movq	%rbp, 8(%rdi)
	movq	%r12, 16(%rdi)
	movq	%r13, 24(%rdi)
	movq	%r14, 32(%rdi)
	movq	%r15, 40(%rdi)
	leaq	8(%rsp), %rax
	movq	%rax, 48(%rdi)
	movq	(%rsp), %rax
	movq	%rax, 56(%rdi)
	pushfq
	.cfi_adjust_cfa_offset 8
	popq	64(%rdi)
	.cfi_adjust_cfa_offset -8
	movl	%ss, %eax
	movq	%rax, 72(%rdi)
	jmp	r0_try_link
	.cfi_endproc
	.size r0_try_begin, . - r0_try_begin

	.section .note.GNU-stack, "", @progbits

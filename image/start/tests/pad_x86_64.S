/* SPDX-License-Identifier: MIT */
/*
 * The code that the start-up code puts into the program, at r0_image_pad: pages that the page tables of ring 0
 * and of ring 3 map, and those of a test that has made its own. There it goes from the test's address space
 * to the start-up code's, and back. Position-independent, but for the words at its end, which pad.c fills in.
 */
#include <ring0/private/abi.h>

	.text
	.balign 16
	.globl pad_start, pad_end, pad_ask, pad_nmi, pad_enter, pad_return, pad_idle, pad_find, pad_words, pad_idtr
	.globl pad_numbers
pad_start:

/*
 * The doorbell: RDI, RSI and RCX have the message. In the VM, nothing happens between the OUT and the next
 * instruction; here, no interrupt does.
 */
pad_ask:
	pushfq
	cli
	movq	%cr3, %rdx
	movq	pad_words(%rip), %rax
	movq	%rax, %cr3
	jmp	*pad_words + 8(%rip)
/* Back, with the answer in RAX and the test's CR3 in RDX. */
pad_return:
	movq	%rdx, %cr3
	popfq
	ret

/* An NMI: the time limit's, or the program's. On the stack, a struct r0_frame is made. */
pad_nmi:
	pushq	$0
	pushq	$2
	.irp	register, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	pushq	%\register
	.endr
	movq	%cr3, %rbx
	movq	pad_words(%rip), %rax
	movq	%rax, %cr3
	movq	%rsp, %rdi
	movq	%rbx, %rsi
	cld
	call	*pad_words + 16(%rip)
	movq	%rbx, %cr3
	testl	%eax, %eax
	.irp	register, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax
	popq	%\register
	.endr
	jz	1f
	addq	$16, %rsp
	iretq
1:
	jmp	*pad_words + 24(%rip)

/*
 * To the test: RAX has its CR3, R11 where it starts, R10 the register for its IDT. Both address spaces map that IDT and
 * what its gate for NMIs needs; the start-up code's own IDT is in one alone.
 */
pad_enter:
	lidt	(%r10)
	movq	%rax, %cr3
	jmp	*%r11

/* In place of what has a CPU without work halted: behind STI. It looks for work again, with interrupts on in between. */
pad_idle:
	nop
	pause
	cli
	ret

/* In place of the question which CPU this is, of r0_find_cpu(), and all that follows there. By its APIC's ID. */
pad_find:
	pushq	%rbx
	pushq	%rdx
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	leaq	pad_numbers(%rip), %rcx
	movzbl	(%rcx,%rbx), %ecx
	popq	%rdx
	popq	%rbx
	movq	pad_words + 32(%rip), %rax
	jrcxz	2f
	shll	$8, %ecx
	leaq	R0_GUEST_OTHERS - R0_CPU_SIZE(%rax, %rcx), %rax
2:
	ret

	.balign 8
/* The start-up code's CR3; who serves messages there, and NMIs; the program's code for exceptions; r0_guest. */
pad_words:
	.quad	0, 0, 0, 0, 0
/* The register for the test's IDT. */
pad_idtr:
	.skip	16
/* CPUs' numbers by their local APICs' IDs: enter_numbers. */
pad_numbers:
	.skip	256
pad_end:

	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT */
/*
 * RDMSR and WRMSR in ring 0, for the host: it sets the registers and RIP, and has the values when the OUT
 * leaves the VM. Of many MSRs, R8 to R15 have the indices, and then the values. No test comes here.
 */
#include <ring0/private/abi.h>

	.section .text.r0_msr_access, "ax", @progbits
	.globl r0_msr_read
	.hidden r0_msr_read
r0_msr_read:
	rdmsr
	outb	%al, $R0_DOORBELL_PORT
	ud2
	.globl r0_msr_write
	.hidden r0_msr_write
r0_msr_write:
	wrmsr
	outb	%al, $R0_DOORBELL_PORT
	ud2

	.globl r0_msrs_read
	.hidden r0_msrs_read
r0_msrs_read:
	.irp	number, 8, 9, 10, 11, 12, 13, 14, 15
	movl	%r\number\()d, %ecx
	rdmsr
	shlq	$32, %rdx
	leaq	(%rax, %rdx), %r\number
	.endr
	outb	%al, $R0_DOORBELL_PORT
	ud2

	.section .note.GNU-stack, "", @progbits

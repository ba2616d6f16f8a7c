/* SPDX-License-Identifier: MIT */
/*
 * Where another CPU begins: in real mode, at the start of a page below 1 MiB that this is copied to. From there to long
 * mode on the tables of the start, and to trampoline_main(). others_x86_64.c fills in the words at its end.
 */
#define CODE64 0x08
#define DATA   0x10
#define CODE32 0x18

#define CR0_PE		1
#define CR0_START	0x80050033 /* as in head_x86_64.S */
#define CR4_START	0x220
#define MSR_EFER	0xc0000080
#define EFER_START	0x901

#define WITHIN(symbol) ((symbol) - trampoline_start)

	.section .rodata.trampoline, "a", @progbits
	.globl trampoline_start, trampoline_end, trampoline_32, trampoline_64
	.globl trampoline_gdt, trampoline_root, trampoline_far_32, trampoline_far_64
	.code16
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	WITHIN(trampoline_gdtr)
	/* INIT leaves CR0.CD and NW as they are, and sets them after a reset: both off (SDM vol. 3A, table 9-1). */
	movl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	*WITHIN(trampoline_far_32)

	/* DS is as it was: its base is this page. */
	.code32
trampoline_32:
	movl	$CR4_START, %eax
	movl	%eax, %cr4
	movl	WITHIN(trampoline_root), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	xorl	%edx, %edx
	movl	$EFER_START, %eax
	wrmsr
	movl	$CR0_START, %eax
	movl	%eax, %cr0
	ljmpl	*WITHIN(trampoline_far_64)

	.code64
trampoline_64:
	movabsq	$others_entry, %rax
	jmp	*%rax

	.balign 4
	.short	0
trampoline_gdtr:
	.short	31
trampoline_gdt:
	.long	0
trampoline_root:
	.long	0
trampoline_far_32:
	.long	0
	.short	CODE32
	.short	0
trampoline_far_64:
	.long	0
	.short	CODE64
trampoline_end:

	.text
others_entry:
	lgdt	enter_gdtr(%rip)
	movl	$DATA, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movq	trampoline_stack(%rip), %rsp
	xorl	%ebp, %ebp
	call	*trampoline_main(%rip)
	ud2

	.bss
	.balign 8
	.globl trampoline_stack, trampoline_main
trampoline_stack:
	.skip	8
trampoline_main:
	.skip	8

	.section .note.GNU-stack, "", @progbits

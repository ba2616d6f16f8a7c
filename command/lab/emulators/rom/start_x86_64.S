/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of a machine that Bochs emulates: from the reset (SDM 3A 10.1.4) to 64-bit
 * mode (SDM 3A 10.8.5) with the first 4 GB mapped to themselves, and to load() in load.c. Instead of
 * a BIOS, which takes longer than the kernel: all that one would tell, the host knows and writes to
 * the disc.
 */
#define CR0_PE 1
#define CR0_PG (1 << 31)
#define CR4_PAE (1 << 5)
#define EFER 0xc0000080
#define EFER_LME (1 << 8)
#define PAGE_TABLES 0x1000 /* a PML4, a PDPT, 4 page directories of 2 MB pages */
#define STACK 0x9000

	.text
	.code16
	.globl start
start:
	cli
	cld
	lgdtl %cs:gdtr - 0xf0000
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $8, $start32

	.code32
start32:
	movw $16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $STACK, %esp
	movl $PAGE_TABLES, %edi
	xorl %eax, %eax
	movl $0x6000 / 4, %ecx
	rep stosl
	movl $PAGE_TABLES + 0x1000 + 3, PAGE_TABLES
	movl $PAGE_TABLES + 0x1000, %edi
	movl $PAGE_TABLES + 0x2000 + 3, %eax
	movl $4, %ecx
1:	movl %eax, (%edi)
	addl $0x1000, %eax
	addl $8, %edi
	loop 1b
	movl $PAGE_TABLES + 0x2000, %edi
	movl $0x83, %eax		/* present, writable, large */
	movl $4 * 512, %ecx
2:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 2b
	movl $PAGE_TABLES, %eax
	movl %eax, %cr3
	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl %cr0, %eax
	orl $CR0_PG, %eax
	movl %eax, %cr0
	ljmpl $24, $start64

	.code64
start64:
	call load
	/* Nothing to boot, or a second reset: tell Bochs to end. */
	leaq shutdown(%rip), %rsi
	movl $8, %ecx
	movl $0x8900, %edx
	rep outsb
3:	hlt
	jmp 3b

	.balign 8
shutdown:
	.ascii "Shutdown"
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 8: 32-bit code */
	.quad 0x00cf93000000ffff	/* 16: data */
	.quad 0x00af9b000000ffff	/* 24: 64-bit code */
gdtr:
	.word . - gdt - 1
	.long gdt

	.section .reset, "ax"
	.code16
	jmp start
	.section .note.GNU-stack, "", %progbits

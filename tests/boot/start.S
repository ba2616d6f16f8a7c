/* SPDX-License-Identifier: MIT */
/*
 * Where the tests' kernel starts, by each protocol: at 1 MiB, as 32-bit code but for Linux's 64-bit
 * entry. Each entry goes to kernel(protocol, value), with a stack.
 */
	.set MULTIBOOT, 1
	.set MULTIBOOT2, 2
	.set PVH, 3
	.set LINUX, 4
	.set ELF, 5

	.section .text.start, "ax"
	.code32
	.globl linux_start, start
/* The first byte of a bzImage's kernel. */
linux_start:
	mov $stack_end, %esp
	push %esi
	push $LINUX
	call kernel
	hlt

/* Multiboot 1 and 2, and a flat ELF file, by EAX. */
start:
	mov $stack_end, %esp
	cmp $0x2badb002, %eax
	je 1f
	cmp $0x36d76289, %eax
	je 2f
	push %eax
	push $ELF
	call kernel
	hlt
1:	push %ebx
	push $MULTIBOOT
	call kernel
	hlt
2:	push %ebx
	push $MULTIBOOT2
	call kernel
	hlt

pvh_start:
	mov $stack_end, %esp
	push %ebx
	push $PVH
	call kernel
	hlt

/* Multiboot 0.6.96, 3.1: modules on pages, and a memory map. */
#ifdef ADDRESSES
#define FLAGS 0x10003
#else
#define FLAGS 3
#endif
	.balign 4
multiboot:
	.long 0x1badb002, FLAGS, -(0x1badb002 + FLAGS)
	.long multiboot, linux_start, data_end, bss_end, start

	.balign 8
multiboot2:
	.long 0xe85250d6, 0, multiboot2_end - multiboot2
	.long -(0xe85250d6 + multiboot2_end - multiboot2)
	/* Needs: command line, loader's name, memory map. */
	.short 1, 0
	.long 20
	.long 1, 2, 6
	.balign 8
	/* Would like a framebuffer. */
	.short 5, 1
	.long 20
	.long 0, 0, 0
	.balign 8
	.short 0, 0
	.long 8
multiboot2_end:

/* Linux's 64-bit entry: back to 32 bits, for which the code is. For the assembler all is of 32 bits. */
	.org linux_start + 0x200
linux_start_64:
	mov $stack_end, %esp
	.byte 0x0f, 0x01, 0x14, 0x25	/* lgdt descriptor */
	.long descriptor
	.byte 0x6a, 8			/* push $8 */
	.byte 0x68			/* push $1f */
	.long 1f
	.byte 0x48, 0xcb		/* lretq */
1:	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %cr0, %eax
	and $0x7fffffff, %eax
	mov %eax, %cr0
	mov $0xc0000080, %ecx
	rdmsr
	and $~0x100, %eax
	wrmsr
	jmp linux_start

	.balign 8
gdt:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
descriptor:
	.short . - gdt - 1
	.long gdt
	.long 0

/* Xen's PHYS32_ENTRY. */
	.section .note.xen, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long pvh_start

	.bss
	.balign 16
	.space 16384
stack_end:

	.section .note.GNU-stack, "", @progbits

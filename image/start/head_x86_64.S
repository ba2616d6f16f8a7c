/* SPDX-License-Identifier: MIT */
/*
 * Where boot loaders enter an image: by Multiboot, Multiboot 2 or PVH in 32-bit code without paging, with
 * nothing to rely on but EAX, EBX and flat segments. From there to start_main() in long mode, at
 * IMAGE_VIRTUAL, wherever in physical memory the image is.
 */
#include "protocols/multiboot.h"
#include "protocols/multiboot2.h"
#include "protocols/pvh.h"

#define VIRTUAL	   0xffffffff80000000 /* IMAGE_VIRTUAL */
#define LOAD	   0x100000	      /* IMAGE_LOAD */
#define BLOB_MAGIC 0x30727473	      /* IMAGE_BLOB_MAGIC */

/* Offsets from the image's start. */
#define AT(symbol) ((symbol) - VIRTUAL)

#define PAGE_P	1
#define PAGE_RW 2
#define PAGE_PS 0x80

#define LARGE_PAGE	 0x200000
#define LARGE_PAGES	 2048 /* of the first 4 GiB */
#define DIRECT_MAP_ENTRY 273  /* of R0_DIRECT_MAP, in the PML4 */

#define CODE64 0x08
#define CODE32 0x18
#define DATA   0x10

#define EFLAGS_ID	  0x200000
#define CPUID_PAE	  6  /* leaf 1, EDX */
#define CPUID_LM	  29 /* leaf 0x80000001, EDX */
#define CPUID_NX	  20
#define CR4_START	  0x220 /* PAE, OSFXSR */
#define CR0_START	  0x80050033 /* PG AM WP NE ET MP PE */
#define MSR_EFER	  0xc0000080
#define EFER_START	  0x901 /* SCE LME NXE */
#define EFER_LME_CLEAR	  0xfffffeff
#define CR0_PG_CLEAR	  0x7fffffff
#define COM1		  0x3f8
#define DEBUG_CONSOLE	  0xe9
#define LINE_STATUS_EMPTY 0x20

	.section .head, "ax", @progbits
	.code32
	.globl start_blob
	/* struct image_blob */
start_blob:
	jmp	entry_multiboot
	.org	start_blob + 8
	.long	BLOB_MAGIC
	.long	AT(start_payload)
	.long	AT(multiboot)
	.long	AT(entry_multiboot)
	.long	AT(entry_pvh)
	.long	AT(entry_long)

	.balign 8
multiboot:
	.set flags, MULTIBOOT_NEEDS_ALIGNED_MODULES | MULTIBOOT_NEEDS_MEMORY | MULTIBOOT_HAS_ADDRESSES
	.long	MULTIBOOT_HEADER_MAGIC, flags, -(MULTIBOOT_HEADER_MAGIC + flags)
	.long	LOAD + AT(multiboot), LOAD
	.long	0, 0 /* the ends: the writer knows them */
	.long	LOAD + AT(entry_multiboot)

	.balign 8
multiboot2:
	.long	MULTIBOOT2_HEADER_MAGIC, MULTIBOOT2_MACHINE_I386, multiboot2_end - multiboot2
	.long	-(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_MACHINE_I386 + (multiboot2_end - multiboot2))
	.short	MULTIBOOT2_TAG_INFORMATION, MULTIBOOT2_TAG_OPTIONAL
	.long	8 + 5 * 4, MULTIBOOT2_COMMAND_LINE, MULTIBOOT2_MEMORY, MULTIBOOT2_MAP
	.long	MULTIBOOT2_ACPI_OLD, MULTIBOOT2_ACPI_NEW
	.balign 8
	.short	MULTIBOOT2_TAG_ENTRY, 0
	.long	12, LOAD + AT(entry_multiboot)
	.balign 8
	.short	MULTIBOOT2_TAG_ALIGNED, 0
	.long	8
	.balign 8
	/* Wherever there is room below 4 GiB: firmware may have what it wants from 1 MiB on. */
	.short	MULTIBOOT2_TAG_RELOCATABLE, 0
	.long	24, LOAD, 0xffffffff, LARGE_PAGE, MULTIBOOT2_AS_LOW_AS_POSSIBLE
	.balign 8
	.short	MULTIBOOT2_TAG_END, 0
	.long	8
multiboot2_end:

entry_pvh:
	movl	$PVH_START_MAGIC, %eax
entry_multiboot:
	cli
	cld
	movl	%eax, %edi
	/*
	 * Where is this? There is no stack: what EBX points to begins with a word that is lent for the return
	 * address (the information's flags or size, or PVH's magic number).
	 */
	movl	(%ebx), %ecx
	leal	4(%ebx), %esp
	call	1f
1:
	popl	%ebp
	movl	%ecx, (%ebx)
	subl	$AT(1b), %ebp /* the image's physical address, from here on */
	movl	%ebx, %esi
	leal	AT(start_stack_end)(%ebp), %esp

	/* SDM vol. 1, 20.1.2: CPUID is there if EFLAGS.ID can be changed. */
	pushfl
	popl	%eax
	movl	%eax, %ecx
	xorl	$EFLAGS_ID, %eax
	pushl	%eax
	popfl
	pushfl
	popl	%eax
	xorl	%ecx, %eax
	testl	$EFLAGS_ID, %eax
	leal	AT(no_long_mode)(%ebp), %edx
	jz	refuse
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	leal	AT(no_long_mode)(%ebp), %edx
	jb	refuse
	movl	$0x80000001, %eax
	cpuid
	btl	$CPUID_LM, %edx
	movl	%edx, %ecx
	leal	AT(no_long_mode)(%ebp), %edx
	jnc	refuse
	btl	$CPUID_NX, %ecx
	leal	AT(no_nx)(%ebp), %edx
	jnc	refuse

	/* The first 4 GiB, at 0 and at the direct map. */
	leal	AT(large_tables)(%ebp), %ecx
	movl	$PAGE_PS | PAGE_RW | PAGE_P, %eax
	xorl	%edx, %edx
2:
	movl	%eax, (%ecx, %edx, 8)
	addl	$LARGE_PAGE, %eax
	incl	%edx
	cmpl	$LARGE_PAGES, %edx
	jb	2b
	leal	AT(low_table)(%ebp), %edx
	leal	PAGE_RW | PAGE_P(%ecx), %eax
	movl	%eax, (%edx)
	addl	$0x1000, %eax
	movl	%eax, 8(%edx)
	addl	$0x1000, %eax
	movl	%eax, 16(%edx)
	addl	$0x1000, %eax
	movl	%eax, 24(%edx)
	/* The image, as far as one table has it, at IMAGE_VIRTUAL. */
	leal	AT(image_table)(%ebp), %ecx
	leal	PAGE_RW | PAGE_P(%ebp), %eax
	xorl	%ebx, %ebx
3:
	movl	%eax, (%ecx, %ebx, 8)
	addl	$0x1000, %eax
	incl	%ebx
	cmpl	$512, %ebx
	jb	3b
	leal	PAGE_RW | PAGE_P(%ecx), %eax
	leal	AT(image_directory)(%ebp), %ecx
	movl	%eax, (%ecx)
	leal	PAGE_RW | PAGE_P(%ecx), %eax
	leal	AT(high_table)(%ebp), %ecx
	movl	%eax, 510 * 8(%ecx)
	leal	AT(start_table)(%ebp), %eax
	leal	PAGE_RW | PAGE_P(%edx), %edx
	movl	%edx, (%eax)
	movl	%edx, DIRECT_MAP_ENTRY * 8(%eax)
	leal	PAGE_RW | PAGE_P(%ecx), %ecx
	movl	%ecx, 511 * 8(%eax)
	movl	%eax, %cr3

	movl	%cr4, %eax
	orl	$CR4_START, %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_START, %eax
	wrmsr
	movl	$CR0_START, %eax
	movl	%eax, %cr0

	leal	AT(start_gdt)(%ebp), %eax
	movl	%eax, AT(start_gdtr + 2)(%ebp)
	lgdt	AT(start_gdtr)(%ebp)
	pushl	$CODE64
	leal	AT(long_mode)(%ebp), %eax
	pushl	%eax
	lret

/*
 * From long mode, with page tables of whatever kind that map this as it is: UEFI's may have five levels, which only
 * leaving it can change. EDI is the address of PVH's start info.
 */
	.code64
entry_long:
	cli
	leaq	start_gdt(%rip), %rax
	movq	%rax, start_gdtr + 2(%rip)
	lgdt	start_gdtr(%rip)
	movl	%edi, %ebx
	leaq	7f(%rip), %rax
	pushq	$CODE32
	pushq	%rax
	lretq
	.code32
7:
	movl	$DATA, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	movl	%cr0, %eax
	andl	$CR0_PG_CLEAR, %eax
	movl	%eax, %cr0
	movl	$MSR_EFER, %ecx
	rdmsr
	andl	$EFER_LME_CLEAR, %eax
	wrmsr
	xorl	%eax, %eax
	movl	%eax, %cr4
	jmp	entry_pvh

/* Say what EDX points to, on what is most likely there, and stop. */
refuse:
	movl	%edx, %esi
4:
	lodsb
	testb	%al, %al
	jz	6f
	outb	%al, $DEBUG_CONSOLE
	movb	%al, %bl
	movw	$COM1 + 5, %dx
	movl	$100000, %ecx
5:
	inb	%dx, %al
	testb	$LINE_STATUS_EMPTY, %al
	loopz	5b
	movw	$COM1, %dx
	movb	%bl, %al
	outb	%al, %dx
	jmp	4b
6:
	cli
	hlt
	jmp	6b

no_long_mode:
	.asciz	"# this image needs a CPU with long mode (64 bits), which this one has not\r\n"
no_nx:
	.asciz	"# this image needs a CPU with execute-disable (NX) pages, which this one has not\r\n"

	.code64
/* RDI has the loader's magic number, RSI its information, RBP where the image is: 32 bits each. */
long_mode:
	movabsq	$7f, %rax
	jmp	*%rax
7:
	movl	%edi, %edi
	movl	%esi, %esi
	movl	%ebp, %edx
	xorl	%ebp, %ebp
	leaq	start_stack_end(%rip), %rsp
	leaq	start_gdt(%rip), %rax
	movq	%rax, start_gdtr + 2(%rip)
	lgdt	start_gdtr(%rip)
	movl	$DATA, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	call	start_main
8:
	cli
	hlt
	jmp	8b

	.section .note.GNU-stack, "", @progbits

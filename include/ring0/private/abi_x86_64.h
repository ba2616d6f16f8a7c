/* SPDX-License-Identifier: MIT */
/* x86's part of what the guest runtime and the host agree on: see abi.h. */
#ifndef RING0_PRIVATE_ABI_X86_64_H
#define RING0_PRIVATE_ABI_X86_64_H

/*
 * A message leaves the VM by one OUT to this port, with the message in RDI, its arguments in RSI
 * and RCX, and the answer, if any, in RAX. The host knows a message by the address of that OUT
 * (r0_doorbell), so the port is a test's to use like any other.
 */
#define R0_DOORBELL_PORT 0xd0

/* Guest-physical memory as the test sees it, at R0_DIRECT_MAP + address; readable and writable. */
#define R0_DIRECT_MAP 0xffff888000000000

/* Selectors in the GDT that a test starts with. SYSCALL and SYSRET want this order. */
#define R0_KERNEL_CS 0x08
#define R0_KERNEL_DS 0x10
#define R0_USER_CS32 0x18
#define R0_USER_DS   0x20
#define R0_USER_CS   0x28
#define R0_TSS	     0x30
#define R0_GDT_SIZE  0x80 /* with room for a test's own descriptors from 0x40 on */

/*
 * CPU n's TSS, for n > 0, is at R0_TSS_OTHERS + 16 * (n - 1) of its own GDT, so that its TR tells
 * which one it is: far from where tests have theirs.
 */
#define R0_TSS_OTHERS 0x400

/* Interrupt stack table entries (SDM vol. 3A, 6.14.5): no two of these may share a stack. */
#define R0_IST_EXCEPTION 1
#define R0_IST_DF	 2
#define R0_IST_NMI	 3
#define R0_IST_MC	 4

/* How far the exception stack moves down while a handler runs, so that handlers may fault. */
#define R0_IST_SHIFT 0x4000

/*
 * A CPU's own memory, reserved in the program and mirrored like the rest: tables first, then
 * stacks, each with an absent page below it. Offsets from its start, all in bytes. The CPUs' follow
 * each other.
 */
#define R0_AREA_TSS		0x0000 /* with the I/O permission bitmap left out */
#define R0_AREA_GDT		0x0100
#define R0_AREA_INTERRUPTS	0x0800 /* uint32_t for each vector: handled since the last wait for it */
#define R0_AREA_IDT		0x1000
#define R0_AREA_EXCEPTION_STACK 0x03000
#define R0_AREA_EXCEPTION_SIZE	0x10000
#define R0_AREA_DF_STACK	0x14000
#define R0_AREA_NMI_STACK	0x19000
#define R0_AREA_MC_STACK	0x1e000
#define R0_AREA_SMALL_SIZE	0x04000
#define R0_AREA_STACK		0x23000
#define R0_AREA_STACK_SIZE	0x40000
#define R0_AREA_USER_STACK	0x64000
#define R0_AREA_USER_SIZE	0x10000
#define R0_AREA_SIZE		0x75000

/* Stub size in the table that the IDT's gates point to. */
#define R0_VECTOR_STUB_SIZE 16

/* Entries in the table of what LSTAR points to, one a CPU, and their size. */
#define R0_SYSCALL_ENTRIES    32
#define R0_SYSCALL_ENTRY_SIZE 0xa0

/* Room for code of an image's: see image/start/tests/pad_x86_64.S. */
#define R0_IMAGE_PAD_SIZE 0x240

/* Offsets in struct r0_guest, and in struct r0_cpu, that the entry code uses; see guest/entry/state_x86_64.c. */
#define R0_GUEST_CPU_COUNT 0x100
#define R0_GUEST_EXCEPTION 0x108
#define R0_GUEST_SYSCALL   0x110
#define R0_GUEST_CPU_MAIN  0x118
#define R0_GUEST_OTHERS	   0x1000
#define R0_CPU_SIZE	   0x100
#define R0_CPU_KERNEL_ROOT 0
#define R0_CPU_USER_ROOT   8
#define R0_CPU_KERNEL_SP   16
#define R0_CPU_USER_SP	   24
#define R0_CPU_IN_USER	   32
#define R0_CPU_SCRATCH	   40
#define R0_CPU_AREA	   48

#ifndef __ASSEMBLER__

#pragma GCC visibility push(hidden)

extern const char r0_vector_stubs[];  /* 256 of R0_VECTOR_STUB_SIZE bytes */
extern const char r0_syscall_entry[]; /* for LSTAR: R0_SYSCALL_ENTRY_SIZE bytes for each CPU */
extern const char r0_cpu_doorbell[];  /* the OUT for R0_MESSAGE_CPU, where memory is ring 3's */
extern const char r0_msr_read[];      /* an RDMSR, and an OUT, for the host to look at MSRs */
extern const char r0_msr_write[];     /* likewise a WRMSR */
extern const char r0_msrs_read[];     /* likewise eight, with indices and values in R8 to R15 */
extern const char r0_image_pad[];     /* R0_IMAGE_PAD_SIZE bytes of INT3, for an image's code */

#pragma GCC visibility pop

#endif /* __ASSEMBLER__ */
#endif /* RING0_PRIVATE_ABI_X86_64_H */

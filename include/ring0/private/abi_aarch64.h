/* SPDX-License-Identifier: MIT */
/* arm64's part of what the guest runtime and the host agree on: see abi.h. */
#ifndef RING0_PRIVATE_ABI_AARCH64_H
#define RING0_PRIVATE_ABI_AARCH64_H

/*
 * A message leaves the VM by one store of X0 to this address, where no memory is: that of a struct r0_message, or
 * the message itself where it has no arguments. The host knows it by the address of that store, too
 * (r0_doorbell, r0_pass_doorbell), so that no access of the test's is taken for one. EL1's page tables alone have the page.
 */
#define R0_DOORBELL_ADDRESS 0xffffff8000000000

/* X0 below this is a message without arguments. */
#define R0_MESSAGE_LIMIT 0x1000

/* Guest-physical memory as the test sees it, at R0_DIRECT_MAP + address; readable and writable. */
#define R0_DIRECT_MAP 0xffff000000000000

/* How far the exception stack moves down while a handler runs, so that handlers may fault. */
#define R0_EXCEPTION_STACK_SHIFT 0x4000

/*
 * A CPU's own memory, reserved in the program and mirrored like the rest: counts first, then
 * stacks, each with an absent page below it. Offsets from its start, all in bytes. The CPUs' follow
 * each other.
 */
#define R0_AREA_INTERRUPTS	0x0000 /* uint32_t for each number: handled since the last wait for it */
#define R0_AREA_EXCEPTION_STACK 0x02000
#define R0_AREA_EXCEPTION_SIZE	0x10000
#define R0_AREA_STACK		0x13000
#define R0_AREA_STACK_SIZE	0x40000
#define R0_AREA_START		0x52f00 /* struct r0_start, at the upper end of the stack */
#define R0_AREA_USER_STACK	0x54000
#define R0_AREA_USER_SIZE	0x10000
#define R0_AREA_SIZE		0x65000

/* Tables of vectors, one a CPU: Arm ARM, D19.2.147, VBAR_EL1. */
#define R0_VECTORS	32
#define R0_VECTORS_SIZE 0x800

/* Offsets in struct r0_guest, and in struct r0_cpu, that the entry code uses; see guest/entry/state_aarch64.c. */
#define R0_GUEST_CPU_COUNT     0x100
#define R0_GUEST_EXCEPTION     0x108
#define R0_GUEST_CPU_MAIN      0x118
#define R0_GUEST_OTHERS	       0x1000
#define R0_CPU_SIZE	       0x100
#define R0_CPU_KERNEL_ROOT     0
#define R0_CPU_USER_ROOT       8
#define R0_CPU_KERNEL_SP       16
#define R0_CPU_AREA	       48
#define R0_CPU_EXCEPTION_STACK 160
#define R0_CPU_SAVED	       168

/* Offsets in struct r0_frame, of X0 first. */
#define R0_FRAME_SP	248
#define R0_FRAME_PC	256
#define R0_FRAME_PSTATE 264
#define R0_FRAME_ESR	272
#define R0_FRAME_FAR	280
#define R0_FRAME_VECTOR 288
#define R0_FRAME_SP_EL1 296
#define R0_FRAME_TTBR0	304
#define R0_FRAME_SIZE	320

/* Offsets in struct r0_start, of the function first. */
#define R0_START_ARGUMENTS	8
#define R0_START_LOOPS		56
#define R0_START_SCTLR		64
#define R0_START_TTBR0		80
#define R0_START_MAIR		96
#define R0_START_CPACR		112
#define R0_START_THREAD_POINTER 120
#define R0_START_SVE		128
#define R0_START_SIZE		256

#ifndef __ASSEMBLER__

#include <ring0/private/types.h>

/*
 * What a CPU starts with, in its own memory: the host's to write, the entry code's to read, which puts the registers
 * back by it.
 */
struct r0_start {
	uint64_t fn;
	uint64_t arguments[6];
	/* 1 if a test that returned has left no register otherwise than the entry code puts it back or looks at it. */
	uint64_t loops;
	uint64_t sctlr, tcr, ttbr0, ttbr1, mair, vbar; /* those that it looks at */
	uint64_t cpacr;
	uint64_t thread_pointer;
	uint64_t sve; /* 1 if there is SVE */
	uint64_t unused[15];
};

/* On the stack of whoever sends it. */
struct r0_message {
	uint64_t number, a, b;
	uint64_t answer;
};

#pragma GCC visibility push(hidden)

extern const char r0_vectors[]; /* for VBAR_EL1: R0_VECTORS_SIZE bytes for each CPU */
extern const char r0_enter[]; /* where a CPU starts, X0 being the address of its struct r0_start */

/* A function to start with that has nothing else done than this: for the host to look at the registers. */
extern const char r0_ready[];
extern const char r0_ready_doorbell[];

#pragma GCC visibility pop

#endif /* __ASSEMBLER__ */
#endif /* RING0_PRIVATE_ABI_AARCH64_H */

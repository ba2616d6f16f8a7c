/* SPDX-License-Identifier: MIT */
/*
 * What the guest runtime and the host agree on. Included by C and by assembly, on both sides;
 * no part of the test authors' API.
 */
#ifndef RING0_ABI_H
#define RING0_ABI_H

/*
 * A message leaves the VM by one OUT to this port, with the message in RDI, its arguments in RSI
 * and RCX, and the answer, if any, in RAX. The host knows a message by the address of that OUT
 * (r0_doorbell), so the port is a test's to use like any other.
 */
#define R0_DOORBELL_PORT 0xd0

/* Messages, in RDI; a and b are the arguments in RSI and RCX. */
#define R0_MESSAGE_PASS	     1	/* the test returned */
#define R0_MESSAGE_SKIP	     2	/* a: text, b: its length; length 0 is "the condition was false" */
#define R0_MESSAGE_CONSOLE   3	/* a: text, b: its length; answer: how much was taken */
#define R0_MESSAGE_FAILURE   4	/* a: struct r0_failure; the test goes on or stops by itself */
#define R0_MESSAGE_STOP	     5	/* the test ends as failed, its failures reported before */
#define R0_MESSAGE_EXCEPTION 6	/* a: struct r0_frame, b: CR2; unhandled, ends the test */
#define R0_MESSAGE_PUBLISH   7	/* a: address, b: size; answer: 0 or -1 */
#define R0_MESSAGE_CLOCK     8	/* answer: nanoseconds of a monotonic clock */
#define R0_MESSAGE_POPULATE  9	/* a: a missing page's address; answer: 1 if it is there now */
#define R0_MESSAGE_SYSCALL   10 /* a: its number, b: its return address; ends the test */
#define R0_MESSAGE_EXIT	     11 /* a: the status given to exit_group; ends the test */
#define R0_MESSAGE_WAKE	     12 /* a: when r0_wait_halt() is to end, ns from now; answer: the clock */
#define R0_MESSAGE_STEPPED \
	13 /* a: struct r0_frame of an exception under single steps; answer: 1 to return */

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

/* Interrupt stack table entries (SDM vol. 3A, 6.14.5): no two of these may share a stack. */
#define R0_IST_EXCEPTION 1
#define R0_IST_DF	 2
#define R0_IST_NMI	 3
#define R0_IST_MC	 4

/* How far the exception stack moves down while a handler runs, so that handlers may fault. */
#define R0_IST_SHIFT 0x4000

/*
 * The CPU's own memory, reserved in the program and mirrored like the rest: tables first, then
 * stacks, each with an absent page below it. Offsets from its start, all in bytes.
 */
#define R0_AREA_TSS		0x0000 /* with the I/O permission bitmap left out */
#define R0_AREA_GDT		0x0100
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

/* Whole pages, for struct r0_guest. */
#define R0_GUEST_SIZE 0x1000

/* Offsets in struct r0_guest that the entry code uses; asserted in guest/state.c. */
#define R0_GUEST_KERNEL_CR3 0
#define R0_GUEST_USER_CR3   8
#define R0_GUEST_KERNEL_RSP 16
#define R0_GUEST_USER_RSP   24
#define R0_GUEST_IN_USER    32
#define R0_GUEST_SCRATCH    40
#define R0_GUEST_AREA	    48

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ring0/fault.h>

#define R0_SPARSE_RANGES 8

/*
 * The runtime's state, in the test program's own data, on a page of its own that user page tables
 * map for ring 0 only. All of it is zero in the program; the mirror fills in the first half of
 * the VM's copy.
 */
struct r0_guest {
	uint64_t kernel_cr3;
	uint64_t user_cr3;
	uint64_t kernel_rsp; /* where a SYSCALL from ring 3 continues */
	uint64_t user_rsp;   /* saved by it */
	uint64_t in_user;    /* 1 while ring 3 runs */
	uint64_t scratch;    /* a register's place while the entry code needs one */

	uint64_t area;	     /* address of the CPU's own memory */
	uint64_t user_stack; /* where the next function run in ring 3 has its stack */
	struct {
		uint64_t first, last; /* addresses mirrored only when touched; last is included */
	} sparse[R0_SPARSE_RANGES];
	uint64_t sparse_count;
	uint64_t stepped; /* 1 while the host runs the test by single steps */

	void *param; /* R0_PARAM's element */
	void (*teardown)(void);
	struct r0_try *try; /* innermost */
	void (*handlers[256])(struct r0_frame *frame);
	uint32_t interrupts[256]; /* handled since the last wait for that vector */
};

/* A failure as the guest reports it. */
struct r0_failure {
	const char *file; /* NULL where it has no place */
	const char *text; /* without a newline at the end; may hold some inside */
	uint64_t length;
	uint32_t line;
	uint32_t kind; /* enum r0_failure_kind */
};

enum r0_failure_kind {
	R0_FAILURE_ASSERT, /* ends the test */
	R0_FAILURE_EXPECT, /* does not */
	R0_FAILURE_PANIC,  /* ends the test */
};

#pragma GCC visibility push(hidden)

/* The entry code: whole pages that user page tables map for ring 0 only. */
extern const char r0_entry_start[], r0_entry_end[];
extern const char r0_vector_stubs[];  /* 256 of R0_VECTOR_STUB_SIZE bytes */
extern const char r0_syscall_entry[]; /* for LSTAR */
extern const char r0_doorbell[];      /* the OUT that carries every message */
extern const char r0_test_return[];   /* what a test that is entered directly returns to */
extern const char r0_pass_doorbell[]; /* the OUT there, with R0_MESSAGE_PASS */
extern const char r0_user_return[];   /* the UD2 that ends a function run in ring 3 */
extern const char r0_user_ask[];      /* the UD2 that carries a message from there */
extern const char r0_wait_halted[];   /* what follows the HLT that R0_MESSAGE_WAKE is to end */

extern struct r0_guest r0_guest;

/* Writes to r0_guest.scratch: for the host to see whether its watchpoints fire. */
void r0_watch_probe(void *arg);

/* Where a test starts, its arguments in RDI to R9. Does not return. */
void r0_guest_run(void (*fn)(void *arg), void *arg, bool (*when)(void), void (*setup)(void),
		  void (*teardown)(void), void *param) __attribute__((noreturn));

#pragma GCC visibility pop

#endif /* __ASSEMBLER__ */
#endif /* RING0_ABI_H */

/* SPDX-License-Identifier: MIT */
/*
 * What the guest runtime and the host agree on. Included by C and by assembly, on both sides;
 * no part of the test authors' API.
 */
#ifndef RING0_PRIVATE_ABI_H
#define RING0_PRIVATE_ABI_H

/*
 * A message leaves the VM by one OUT to this port, with the message in RDI, its arguments in RSI
 * and RCX, and the answer, if any, in RAX. The host knows a message by the address of that OUT
 * (r0_doorbell), so the port is a test's to use like any other.
 */
#define R0_DOORBELL_PORT 0xd0

/* Messages, in RDI; a and b are the arguments in RSI and RCX. */
#define R0_MESSAGE_PASS	     1 /* the test returned */
#define R0_MESSAGE_SKIP	     2 /* a: text, b: its length; length 0 is "the condition was false" */
#define R0_MESSAGE_CONSOLE   3 /* a: text, b: its length; answer: how much was taken */
#define R0_MESSAGE_FAILURE   4 /* a: struct r0_failure; the test goes on or stops by itself */
#define R0_MESSAGE_STOP	     5 /* the test ends as failed, its failures reported before */
#define R0_MESSAGE_EXCEPTION 6 /* a: struct r0_frame, b: CR2; unhandled, ends the test */
#define R0_MESSAGE_PUBLISH   7 /* a: address, b: size; answer: 0 or -1 */
#define R0_MESSAGE_CLOCK     8 /* answer: nanoseconds of a monotonic clock */
#define R0_MESSAGE_POPULATE \
	9 /* a: a missing page's address, b: struct r0_frame; answer: 1 if it is there now */
#define R0_MESSAGE_SYSCALL 10 /* a: its number, b: its return address; ends the test */
#define R0_MESSAGE_EXIT	   11 /* a: the status given to exit_group; ends the test */
#define R0_MESSAGE_WAKE	   12 /* a: when r0_wait_halt() is to end, ns from now; answer: the clock */
#define R0_MESSAGE_STEPPED \
	13 /* a: struct r0_frame of an exception under single steps; answer: 1 to return */
#define R0_MESSAGE_MAP \
	14 /* a: bytes of new memory; answer: its address, or 0 if there is no room */
#define R0_MESSAGE_UNMAP 15 /* a: address, b: bytes of it that are not needed any more */
#define R0_MESSAGE_REFUSE \
	16 /* a: text, b: its length: what the caller must not; ends the test there */
#define R0_MESSAGE_VALUE 17 /* a: struct r0_given_value; answer: 0, or -1 if they are too many */
/* Of machines with several CPUs, from 32 on. */
#define R0_MESSAGE_IDLE 32 /* this CPU has no work; goes on when it is woken, or interrupted */
#define R0_MESSAGE_WORK 33 /* a: the CPU that has work now; answer: 0, or -1 if it has stopped */
#define R0_MESSAGE_REST 34 /* waiting for others; a: 0, or 1 + the CPU to finish; answer as above */
#define R0_MESSAGE_CPU	35 /* answer: the number of the CPU that asks */
#define R0_MESSAGE_CPUS 36 /* how many there are; from ring 3, which ring 0 answers */

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

/* Room for code of an image's: see image/start/pad_x86_64.S. */
#define R0_IMAGE_PAD_SIZE 0x100

/* Whole pages, for struct r0_guest. */
#define R0_GUEST_SIZE 0x3000

/* Offsets in struct r0_guest, and in struct r0_cpu, that the entry code uses; see guest/state_x86_64.c. */
#define R0_GUEST_CPU_COUNT 0x100
#define R0_GUEST_EXCEPTION 0x108
#define R0_GUEST_SYSCALL   0x110
#define R0_GUEST_CPU_MAIN  0x118
#define R0_GUEST_OTHERS	   0x1000
#define R0_CPU_SIZE	   0x100
#define R0_CPU_KERNEL_CR3  0
#define R0_CPU_USER_CR3	   8
#define R0_CPU_KERNEL_RSP  16
#define R0_CPU_USER_RSP	   24
#define R0_CPU_IN_USER	   32
#define R0_CPU_SCRATCH	   40
#define R0_CPU_AREA	   48

#ifndef __ASSEMBLER__

#include <ring0/private/types.h>
#include <ring0/fault.h>
#include <ring0/smp.h>

#define R0_SPARSE_RANGES 8

/* A CPU's own part of the runtime's state. */
struct r0_cpu {
	uint64_t kernel_cr3;
	uint64_t user_cr3;
	uint64_t kernel_rsp; /* where a SYSCALL from ring 3 continues */
	uint64_t user_rsp;   /* saved by it */
	uint64_t in_user;    /* 1 while ring 3 runs */
	uint64_t scratch;    /* a register's place while the entry code needs one */

	uint64_t area;	     /* address of the CPU's own memory */
	uint64_t user_stack; /* where the next function run in ring 3 has its stack */
	struct r0_try *try;  /* innermost */
	uint64_t number;

	/* What it was given to do. Whoever makes `work` WORK_CLAIMED may change the others. */
	void (*fn)(void *arg);
	void *arg;
	uint64_t given; /* how much it was given so far, the last included; wraps with `finished` */
	uint64_t finished;
	uint32_t work; /* enum r0_work */

	/* For reports, of code in ring 0: what it waits for, of which sort that is. */
	uint32_t waits; /* enum r0_wait */
	const void *awaited;
	/* The fault whose handler last went back to the instruction, and how often on end. */
	uint64_t resumed_at;
	uint64_t resumed_cr2;
	uint64_t resumed_count;
	uint64_t resumed_vector;
} __attribute__((aligned(R0_CPU_SIZE)));

enum r0_wait {
	R0_WAIT_NONE,
	R0_WAIT_LOCK,	 /* a struct r0_spinlock */
	R0_WAIT_BARRIER, /* a struct r0_barrier */
	R0_WAIT_CPU,	 /* a struct r0_cpu, to finish its work */
	/* What an address leaves free for these, from ring 3: all of them are aligned to 4. */
	R0_WAIT_MASK = 3,
};

enum r0_used {
	R0_USED_INTERRUPT = 1, /* one of a vector from 32 on was handled */
	R0_USED_RING_3 = 2,
	R0_USED_SYSCALL_IN_RING_3 = 4, /* and its handler was entered there, as on no CPU */
};

enum r0_work {
	R0_WORK_NONE,
	R0_WORK_CLAIMED, /* another CPU is about to give it some */
	R0_WORK_GIVEN,
	R0_WORK_RUNNING,
};

/*
 * The runtime's state, in the test program's own data, on pages of its own that user page tables
 * map for ring 0 only. All of it is zero in the program; the mirror fills in the VM's copy. A test
 * on one CPU writes to the first page alone.
 */
struct r0_guest {
	struct r0_cpu first;
	uint64_t cpu_count; /* 0 and 1 are one */
	/* What the entry code calls: r0_exception(), r0_syscall() and r0_cpu_main() of guest/. */
	void (*exception)(struct r0_frame *frame);
	uint64_t (*syscall)(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
			    uint64_t rip);
	void (*cpu_main)(void);
	struct {
		uint64_t first, last; /* addresses mirrored only when touched; last is included */
	} sparse[R0_SPARSE_RANGES];
	uint64_t sparse_count;
	uint64_t stepped; /* 1 while the host runs the test by single steps */
	uint64_t used;	  /* R0_USED_…: what the test used, of what some KVMs get wrong */

	void *param;	     /* R0_PARAM's element */
	uint64_t param_size; /* the host's word on it, if there is one */
	void (*teardown)(void);
	void (*handlers[256])(struct r0_frame *frame);
	struct r0_cpu others[R0_CPU_LIMIT - 1] __attribute__((aligned(R0_GUEST_OTHERS)));
};

static inline struct r0_cpu *r0_cpu_at(struct r0_guest *guest, unsigned int number)
{
	return number ? &guest->others[number - 1] : &guest->first;
}

/* A failure as the guest reports it. */
struct r0_failure {
	const char *file; /* NULL where it has no place */
	const char *text; /* without a newline at the end; may hold some inside */
	uint64_t length;
	uint32_t line;
	uint32_t kind; /* enum r0_failure_kind */
};

/* A value that a test gives, as struct r0_value has it. */
struct r0_given_value {
	const char *name, *unit; /* ended by a NUL, or cut after R0_VALUE_TEXT bytes */
	int64_t number, minimum, spread;
	uint32_t samples;
	uint32_t decimals; /* R0_VALUE_DECIMALS at most */
};

#define R0_VALUE_TEXT	  200
#define R0_VALUE_DECIMALS 9
#define R0_VALUE_LIMIT	  1000

enum r0_failure_kind {
	R0_FAILURE_ASSERT, /* ends the test */
	R0_FAILURE_EXPECT, /* does not */
	R0_FAILURE_PANIC,  /* ends the test */
};

#pragma GCC visibility push(hidden)

/* The entry code: whole pages that user page tables map for ring 0 only. */
extern const char r0_entry_start[], r0_entry_end[];
extern const char r0_vector_stubs[];  /* 256 of R0_VECTOR_STUB_SIZE bytes */
extern const char r0_syscall_entry[]; /* for LSTAR: R0_SYSCALL_ENTRY_SIZE bytes for each CPU */
extern const char r0_cpu_start[];     /* where the CPUs start that have no test to run */
extern const char r0_doorbell[];      /* the OUT that carries every message but these */
extern const char r0_idle_doorbell[]; /* the OUT for R0_MESSAGE_IDLE */
extern const char r0_idle_waits[];    /* what follows it: where a CPU halts that has no work */
extern const char r0_cpu_doorbell[];  /* the OUT for R0_MESSAGE_CPU, where memory is ring 3's */
extern const char r0_test_return[];   /* what a test that is entered directly returns to */
extern const char r0_pass_doorbell[]; /* the OUT there, with R0_MESSAGE_PASS */
extern const char r0_user_return[];   /* the UD2 that ends a function run in ring 3 */
extern const char r0_user_ask[];      /* the UD2 that carries a message from there */
extern const char r0_msr_read[];      /* an RDMSR, and an OUT, for the host to look at MSRs */
extern const char r0_msr_write[];     /* likewise a WRMSR */
extern const char r0_msrs_read[];     /* likewise eight, with indices and values in R8 to R15 */
extern const char r0_wait_halted[];   /* what follows the HLT that R0_MESSAGE_WAKE is to end */
extern const char r0_image_pad[];     /* R0_IMAGE_PAD_SIZE bytes of INT3, for an image's code */

/* Whether this is an image: false in the program, true in what image/ writes of it. */
extern bool r0_image;

extern struct r0_guest r0_guest;

/*
 * What a test replaces, for R0_ORIGINAL() and #BP. Ring 3 reads it, too, so that it is no part of r0_guest.
 * All zero in the program; the host fills in the VM's copy.
 */
struct r0_replaced {
	uint64_t function; /* as the program names it: it may be an entry of its PLT; 0 for none */
	uint64_t original; /* the same code elsewhere, or 0 */
	const char *why;   /* there is none */
	uint64_t trap;	   /* where an INT3 is in place of a jump, or 0 */
	uint64_t by;	   /* where that leads */
};

#define R0_REPLACED_LIMIT 16

extern struct r0_replaced r0_replaced[R0_REPLACED_LIMIT];

/* Where a replacement of a function that does not return comes back to, with the function's name. */
void r0_returned(const char *name) __attribute__((noreturn));

/* Writes to r0_guest.first.scratch: for the host to see whether its watchpoints fire. */
void r0_watch_probe(void *arg);

/* Where a test starts, its arguments in RDI to R9. Does not return. */
void r0_guest_run(void (*fn)(void *arg), void *arg, bool (*when)(void), void (*setup)(void),
		  void (*teardown)(void), void *param) __attribute__((noreturn));

#pragma GCC visibility pop

#endif /* __ASSEMBLER__ */
#endif /* RING0_PRIVATE_ABI_H */

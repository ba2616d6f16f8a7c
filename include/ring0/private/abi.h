/* SPDX-License-Identifier: MIT */
/*
 * What the guest runtime and the host agree on. Included by C and by assembly, on both sides;
 * no part of the test authors' API.
 */
#ifndef RING0_PRIVATE_ABI_H
#define RING0_PRIVATE_ABI_H

#include <ring0/private/own.h>
#include R0_OWN_HEADER(ABI)

/* Messages, with their arguments a and b; some have an answer. How they leave the VM is the architecture's. */
#define R0_MESSAGE_PASS	   1 /* the test returned */
#define R0_MESSAGE_SKIP	   2 /* a: text, b: its length; length 0 is "the condition was false" */
#define R0_MESSAGE_CONSOLE 3 /* a: text, b: its length; answer: how much was taken */
#define R0_MESSAGE_FAILURE 4 /* a: struct r0_failure; the test goes on or stops by itself */
#define R0_MESSAGE_STOP	   5 /* the test ends as failed, its failures reported before */
#define R0_MESSAGE_EXCEPTION \
	6 /* a: struct r0_frame, b: the address that was accessed; unhandled, ends the test */
#define R0_MESSAGE_PUBLISH 7 /* a: address, b: size; answer: 0 or -1 */
#define R0_MESSAGE_CLOCK   8 /* answer: nanoseconds of a monotonic clock */
#define R0_MESSAGE_POPULATE \
	9 /* a: a missing page's address, b: struct r0_frame; answer: 1 if it is there now */
#define R0_MESSAGE_SYSCALL 10 /* a: its number, b: its return address; ends the test */
#define R0_MESSAGE_EXIT	   11 /* a: the status given to exit_group; ends the test */
#define R0_MESSAGE_WAKE	   12 /* a: when r0_wait_halt() is to end, ns from now; answer: the clock */
#define R0_MESSAGE_STEPPED \
	13 /* a: struct r0_frame of an exception under single steps; answer: 1 to return */
#define R0_MESSAGE_MAP \
	14 /* a: bytes of new memory, b: where, or 0; answer: its address, or 0 if there is no room */
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
#define R0_MESSAGE_SENT \
	37 /* an interrupt was sent: CPUs that have had no work yet are to take it */

/* Whole pages, for struct r0_guest. */
#define R0_GUEST_SIZE 0x3000

#ifndef __ASSEMBLER__

#include <ring0/private/types.h>
#include <ring0/fault.h>
#include <ring0/smp.h>

#define R0_SPARSE_RANGES 8

/* A CPU's own part of the runtime's state. */
struct r0_cpu {
	uint64_t kernel_root; /* of ring 0's page tables, as the CPU's register has it */
	uint64_t user_root;   /* of ring 3's */
	uint64_t kernel_sp;   /* where a SYSCALL from ring 3 continues */
	uint64_t user_sp;     /* saved by it */
	uint64_t in_user;     /* 1 while ring 3 runs */
	uint64_t scratch;     /* a register's place while the entry code needs one */

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
	uint64_t resumed_address;
	uint64_t resumed_count;
	uint64_t resumed_vector;
	/* Where the next exception's stack starts, and registers' places: where no table of the CPU's has that. */
	uint64_t exception_stack;
	uint64_t saved[3];
	uint64_t apic_id; /* x86: of its local APIC */
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
	/* Ring 3, with an IDT that has a gate of the test's own for what is in place of a function. */
	R0_USED_OWN_TRAP_GATE = 8,
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
			    uint64_t pc);
	void (*cpu_main)(void);
	struct {
		uint64_t first, last; /* addresses mirrored only when touched; last is included */
	} sparse[R0_SPARSE_RANGES];
	uint64_t sparse_count;
	uint64_t stepped;	    /* 1 while the host runs the test by single steps */
	uint64_t has_sent;	    /* 1 once r0_send_ipi() or its like was called */
	uint64_t local_apics_alone; /* 1 where several CPUs have these, and no interrupt controllers */
	uint64_t gic_version;	    /* arm64: 3 or 2, once it was asked for */
	uint64_t used; /* R0_USED_…: what the test used, of what some KVMs get wrong */

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
extern const char r0_cpu_start[];     /* where the CPUs start that have no test to run */
extern const char r0_doorbell[];      /* the instruction that carries every message but these */
extern const char r0_idle_doorbell[]; /* that for R0_MESSAGE_IDLE */
extern const char r0_idle_waits[];    /* what follows it: where a CPU waits that has no work */
extern const char r0_test_return[];   /* what a test that is entered directly returns to */
extern const char r0_pass_doorbell[]; /* the one there, with R0_MESSAGE_PASS */
extern const char r0_user_return[];   /* the instruction that ends a function run in ring 3 */
extern const char r0_user_ask[];      /* the one that carries a message from there */
extern const char r0_wait_halted[];   /* what follows the wait that R0_MESSAGE_WAKE is to end */

/* Whether this is an image: false in the program, true in what image/ writes of it. */
extern bool r0_image;

extern struct r0_guest r0_guest;

/*
 * What a test replaces, for R0_ORIGINAL() and that exception. Ring 3 reads it, too, so that it is no part of r0_guest.
 * All zero in the program; the host fills in the VM's copy.
 */
struct r0_replaced {
	uint64_t function; /* as the program names it: it may be an entry of its PLT; 0 for none */
	uint64_t original; /* the same code elsewhere, or 0 */
	const char *why;   /* there is none */
	uint64_t trap;	   /* where an INT3 or an OUT is in place of a jump, or 0 */
	uint64_t by;	   /* where that leads */
};

#define R0_REPLACED_LIMIT 16

extern struct r0_replaced r0_replaced[R0_REPLACED_LIMIT];

/* Where a replacement of a function that does not return comes back to, with the function's name. */
void r0_returned(const char *name) __attribute__((noreturn));

/* Writes to r0_guest.first.scratch: for the host to see whether its watchpoints fire. */
void r0_watch_probe(void *arg);

/* Where a test starts. Does not return. */
void r0_guest_run(void (*fn)(void *arg), void *arg, bool (*when)(void), void (*setup)(void),
		  void (*teardown)(void), void *param) __attribute__((noreturn));

#pragma GCC visibility pop

#endif /* __ASSEMBLER__ */
#endif /* RING0_PRIVATE_ABI_H */

/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts as a test sees them: vectors by their names in the manuals, a fault
 * as an ordinary value, handlers, and functions run in ring 3. Everything here is called in
 * ring 0, inside a test.
 */
#ifndef RING0_FAULT_H
#define RING0_FAULT_H

#include <ring0/private/types.h>

/* Exception vectors: SDM vol. 3A, 6.3.1, table 6-1; APM vol. 2, 8.2. */
enum {
	R0_DE = 0,  /* divide error */
	R0_DB = 1,  /* debug */
	R0_NMI = 2, /* non-maskable interrupt */
	R0_BP = 3,  /* breakpoint, INT3 */
	R0_OF = 4,  /* overflow, INTO */
	R0_BR = 5,  /* BOUND range exceeded */
	R0_UD = 6,  /* invalid opcode */
	R0_NM = 7,  /* device not available */
	R0_DF = 8,  /* double fault; has an error code */
	R0_TS = 10, /* invalid TSS; has an error code */
	R0_NP = 11, /* segment not present; has an error code */
	R0_SS = 12, /* stack-segment fault; has an error code */
	R0_GP = 13, /* general protection; has an error code */
	R0_PF = 14, /* page fault; has an error code */
	R0_MF = 16, /* x87 floating-point error */
	R0_AC = 17, /* alignment check; has an error code */
	R0_MC = 18, /* machine check */
	R0_XM = 19, /* SIMD floating-point exception */
	R0_CP = 21, /* control protection; has an error code */
};

/*
 * What the interrupted code's registers were, laid out as the entry code pushes them. A handler
 * may change any of them: the interrupted code resumes with what the handler leaves here.
 */
struct r0_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector;
	uint64_t error_code; /* 0 where the vector has none */
	uint64_t rip, cs, rflags, rsp, ss;
};

/* What became of a function run by r0_try() or r0_user_call(). */
struct r0_fault {
	int vector;	     /* -1 if the function returned */
	uint64_t error_code; /* 0 where the vector has none */
	uint64_t rip;	     /* of the faulting instruction; for a trap, of the one after it */
	uint64_t cr2;	     /* the faulting address, if vector is R0_PF */
	long value;	     /* what a function run in ring 3 returned, if vector is -1 */
};

/* Where control continues after a caught exception. The entry code knows the offsets. */
struct r0_recovery {
	uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip, rflags, ss;
};

/* An active r0_try() or R0_ASSERT_FAULT(), linked to the one around it. */
struct r0_try {
	struct r0_recovery recovery; /* first: the entry code fills it in */
	struct r0_try *outer;
	struct r0_fault fault;
	uint64_t exception_stack; /* top of the CPU's exception stack when it began */
	uint64_t user_stack;	  /* where the next function in ring 3 had its stack */
};

/*
 * Have exceptions from here to r0_try_end() come back to this call, as setjmp() does: returns 0
 * at first, and 1 after an exception, with try->fault filled in and the try ended.
 */
int r0_try_begin(struct r0_try *try) __attribute__((returns_twice));
void r0_try_end(struct r0_try *try);

/*
 * Run fn(arg), in ring 0 on the present stack. An exception inside it ends it, and is returned.
 * A handler set by r0_set_handler() for that vector comes first. Calls nest.
 */
struct r0_fault r0_try(void (*fn)(void *arg), void *arg);

/*
 * Run fn(arg) in ring 3, on a stack of its own and on page tables that map what ring 0 sees at
 * the same addresses with the user bit. An exception inside it ends it, and is returned, unless
 * a handler set by r0_set_handler() takes it. IF is clear and IOPL is 0 in ring 3.
 */
struct r0_fault r0_user_call(long (*fn)(void *arg), void *arg);

/*
 * Have fn called, in ring 0 with interrupts off, for exceptions and interrupts of that vector
 * (0 to 255; another fails the test), from now to the end of the test. NULL takes the handler
 * away. The interrupted code resumes with the registers in *frame when fn returns.
 */
void r0_set_handler(int vector, void (*fn)(struct r0_frame *frame));

/* The name of a vector in the manuals ("#PF"), or "interrupt" where it has none. */
const char *r0_vector_name(int vector);

#endif /* RING0_FAULT_H */

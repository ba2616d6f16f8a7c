/* SPDX-License-Identifier: MIT */
/* x86's part of <ring0/fault.h>: its exceptions, and what they leave of the interrupted code. */
#ifndef RING0_PRIVATE_FAULT_X86_64_H
#define RING0_PRIVATE_FAULT_X86_64_H

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

#endif /* RING0_PRIVATE_FAULT_X86_64_H */

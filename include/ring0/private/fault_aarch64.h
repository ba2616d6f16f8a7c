/* SPDX-License-Identifier: MIT */
/* arm64's part of <ring0/fault.h>: its exceptions, and what they leave of the interrupted code. */
#ifndef RING0_PRIVATE_FAULT_AARCH64_H
#define RING0_PRIVATE_FAULT_AARCH64_H

#include <ring0/private/types.h>

/*
 * Exceptions, by their class in ESR_EL1.EC; those that are taken to another exception level alike. Arm ARM (DDI 0487),
 * D19.2.37, ESR_EL1. What has no class is numbered from 64 on.
 */
enum {
	R0_UNDEFINED = 0x00,  /* an unknown instruction, or one that is not allowed here */
	R0_WF_TRAPPED = 0x01, /* WFI or WFE */
	R0_FP_ACCESS = 0x07,  /* SIMD and floating point are off: CPACR_EL1.FPEN */
	R0_POINTER_AUTHENTICATION = 0x09,
	R0_BRANCH_TARGET = 0x0d, /* not a landing pad: FEAT_BTI */
	R0_ILLEGAL_STATE = 0x0e, /* PSTATE.IL is set */
	R0_SVC = 0x15,		 /* the instruction, from 64-bit code */
	R0_HVC = 0x16,
	R0_SMC = 0x17,
	R0_SYSTEM_REGISTER = 0x18,	 /* an access that is trapped */
	R0_SVE_ACCESS = 0x19,		 /* SVE is off: CPACR_EL1.ZEN */
	R0_AUTHENTICATION_FAILED = 0x1c, /* FEAT_FPAC */
	R0_INSTRUCTION_ABORT_EL0 = 0x20,
	R0_INSTRUCTION_ABORT = 0x21, /* at EL1 */
	R0_PC_ALIGNMENT = 0x22,
	R0_DATA_ABORT_EL0 = 0x24,
	R0_DATA_ABORT = 0x25, /* at EL1 */
	R0_SP_ALIGNMENT = 0x26,
	R0_FP_EXCEPTION = 0x2c, /* a trapped one */
	R0_SERROR = 0x2f,
	R0_BREAKPOINT_EL0 = 0x30,
	R0_BREAKPOINT = 0x31, /* at EL1 */
	R0_STEP_EL0 = 0x32,
	R0_STEP = 0x33, /* at EL1 */
	R0_WATCHPOINT_EL0 = 0x34,
	R0_WATCHPOINT = 0x35, /* at EL1 */
	R0_BRK = 0x3c,	      /* the instruction */
	R0_IRQ = 64,
	R0_FIQ = 65,
};

/*
 * An interrupt by its INTID, of a machine with a GIC: for r0_set_handler() and r0_wait_for_irq(). Where R0_IRQ itself
 * has no handler, the runtime acknowledges an IRQ (ICC_IAR1_EL1, GICC_IAR), has the INTID's handler called, and ends
 * it (ICC_EOIR1_EL1, GICC_EOIR).
 */
#define R0_INTID(intid) (66 + (intid))
#define R0_INTID_LIMIT	(255 - R0_INTID(0))

/*
 * What the interrupted code's registers were, laid out as the entry code stores them. A handler
 * may change any of them: the interrupted code resumes with what the handler leaves here.
 */
struct r0_frame {
	uint64_t x[31];
	uint64_t sp; /* of the stack pointer that was in use */
	uint64_t pc;
	uint64_t pstate;
	uint64_t esr;	 /* as of an IRQ or FIQ: of the exception before it */
	uint64_t far;	 /* likewise, where the exception sets none */
	uint64_t vector; /* R0_UNDEFINED … */
	uint64_t sp_el1; /* where `sp` is SP_EL0: what SP_EL1 was */
	uint64_t ttbr0;	 /* TTBR0_EL1 */
	uint64_t reserved;
};

/* What became of a function run by r0_try() or r0_user_call(). */
struct r0_fault {
	int vector;   /* R0_UNDEFINED …; -1 if the function returned */
	uint64_t esr; /* ESR_EL1: the class, and its syndrome */
	uint64_t far; /* FAR_EL1: the address, for aborts, PC alignment and watchpoints */
	uint64_t elr; /* ELR_EL1: of the faulting instruction; for SVC and HVC, of the one after it */
	long value;   /* what a function run at EL0 returned, if vector is -1 */
};

/* Where control continues after a caught exception. The entry code knows the offsets. */
struct r0_recovery {
	uint64_t x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, pc, sp;
	uint64_t d[8]; /* of D8 to D15; kept where SIMD and floating point are on */
	uint64_t pstate;
};

#endif /* RING0_PRIVATE_FAULT_AARCH64_H */

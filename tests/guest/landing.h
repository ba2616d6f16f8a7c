/* SPDX-License-Identifier: MIT */
/*
 * For tests of code from which there is no return: jumps to other segments, IRET and SYSRET to
 * ring 3, 32-bit code. It runs until an exception interrupts it, and what the exception's handler
 * saw is the result. Everything stays on ring 0's page tables; see mapping.h for pages that ring 3
 * may use.
 */
#ifndef TESTS_GUEST_LANDING_H
#define TESTS_GUEST_LANDING_H

#include <ring0.h>
#include <ring0/x86.h>

#define HIDDEN __attribute__((visibility("hidden")))

struct landing {
	struct r0_frame frame; /* as pushed: of the interrupted code */
	uint64_t top;	       /* of the stack that the exception was delivered on */
	uint64_t cr2;
	uint64_t dr6;
	uint64_t rflags; /* of the handler, like what follows */
	uint16_t cs, ss, ds, es;
};

/* Call start(arg), which must end in an exception; what its handler saw is good until the next. */
const struct landing *land(void (*start)(void *arg), void *arg);

/* The image that IRETQ pops, and the first two arguments for the code it returns to. */
struct iret_image {
	uint64_t rip, cs, rflags, rsp, ss;
	uint64_t rdi, rsi;
};

/* For land(): IRETQ to the struct iret_image at arg. */
void iret_to(void *arg);
HIDDEN extern const char iret_to_iretq[]; /* the address of its IRETQ */

/* A far pointer for the indirect far jump: SDM vol. 2A, JMP m16:32. */
struct far_pointer {
	uint32_t offset;
	uint16_t selector;
} __attribute__((packed));

/* For land(): LJMP to the struct far_pointer at arg, whose offset has 32 bits. */
void far_jump_to(void *arg);
HIDDEN extern const char far_jump_to_ljmp[];

/*
 * A routine in assembly, in three parts: the instruction in the middle is at name_at, and the next
 * one at name_next. ROUTINE is for r0_try() and land(), RING3_ROUTINE for r0_user_call(). The
 * names are the file's own, though C can't say so.
 */
#define ROUTINE(name, before, instruction, after) \
	HIDDEN void name(void *arg);              \
	ROUTINE_(name, before, instruction, after)
#define RING3_ROUTINE(name, before, instruction, after) \
	HIDDEN long name(void *arg);                    \
	ROUTINE_(name, before, instruction, after)
#define ROUTINE_(name, before, instruction, after)                                        \
	HIDDEN extern const char name##_at[], name##_next[];                              \
	__asm__(".pushsection .text\n" #name ":\n" before "\n" #name "_at:\n" instruction \
		"\n" #name "_next:\n" after "\n"                                          \
		"ret\n"                                                                   \
		".popsection")
/* What became of a routine is exactly this. */
#define ASSERT_FAULT_AT(fault, vector_, error_code_, place)    \
	do {                                                   \
		const struct r0_fault *fault_ = &(fault);      \
		R0_ASSERT_EQ(fault_->vector, vector_);         \
		R0_ASSERT_EQ(fault_->error_code, error_code_); \
		R0_ASSERT_EQ(fault_->rip, (uint64_t)(place));  \
	} while (0)

/* Machine code, to be copied to where it shall run: `name` to `name`_end. */
#define SNIPPET(name, code)                                                    \
	HIDDEN extern const char name[], name##_end[];                         \
	__asm__(".pushsection .rodata\n" #name ":\n" code "\n" #name "_end:\n" \
		".popsection")

/*
 * Copy the snippet to a page that ring 3 may run, and run it there with RDI and RSI, a stack, and
 * RFLAGS with nothing set, until an exception. A snippet that ends by UD2 shows by #UD that all
 * before it was executed.
 */
const struct landing *run_in_ring3(const char *code, const char *end, uint64_t rdi, uint64_t rsi);

#endif /* TESTS_GUEST_LANDING_H */

/* SPDX-License-Identifier: MIT */
/* Into a test and out of it: enter_x86_64.S, and pad_x86_64.S, the code that goes into the program. */
#ifndef IMAGE_START_CPU_ENTER_X86_64_H
#define IMAGE_START_CPU_ENTER_X86_64_H

#include <ring0/private/types.h>
#include <ring0/x86/descriptors.h>

/* The code that goes into the program, and what it is to know. */
extern const char pad_start[], pad_end[], pad_ask[], pad_nmi[], pad_enter[], pad_return[],
	pad_idle[], pad_find[], pad_words[], pad_idtr[], pad_numbers[];

struct exception_frame;

/* The most CPUs that have a stack here for messages: R0_CPU_LIMIT. */
extern uint64_t enter_ask_stacks[];
/* CPUs' numbers by their local APICs' IDs, of xAPIC mode. */
extern uint8_t enter_numbers[256];
/* Whether several CPUs run; the number + 1 of the one whose message is served, and how deep that is nested. */
extern volatile uint32_t enter_many, enter_owner, enter_depth;

enum enter_end {
	ENTER_ENDED,  /* by a message */
	ENTER_HALTED, /* in HLT, with interrupts off */
	ENTER_TIMED_OUT,
};

struct enter_state {
	uint64_t arguments[6]; /* of r0_guest_run() */
	uint64_t rsp, rip, cr3;
	uint64_t pad_enter;		      /* in the program */
	const struct r0_table_register *idtr; /* on a page that the test's tables map */
};

enum enter_end enter_test(const struct enter_state *state);
/* Likewise, on another CPU, which does not come back. */
void enter_cpu(const struct enter_state *state) __attribute__((noreturn));
enum enter_end enter_call(void (*function)(void));
void enter_leave(enum enter_end end) __attribute__((noreturn));
extern const char enter_ask[], enter_vectors[];
/* Who has sent the last message: registers that a function keeps, as they were at the doorbell's first instruction. */
struct enter_asker {
	uint64_t rsp, cr3, rbx, rbp, r12, r13, r14, r15;
};
extern const struct enter_asker enter_asker;
extern const void *enter_return; /* pad_return, in the program */
extern uint64_t (*enter_serve_request)(uint64_t message, uint64_t a, uint64_t b);
extern void (*enter_serve_exception)(struct exception_frame *frame);
extern const struct r0_table_register enter_idtr;
extern struct r0_gate enter_idt[256];

#endif /* IMAGE_START_CPU_ENTER_X86_64_H */

/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts as a test sees them: vectors by their names in the manuals, a fault
 * as an ordinary value, handlers, and functions run in ring 3. Everything here is called in
 * ring 0, inside a test.
 */
#ifndef RING0_FAULT_H
#define RING0_FAULT_H

#include <ring0/private/own.h>
#include <ring0/private/types.h>
#include R0_OWN_HEADER(FAULT)

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

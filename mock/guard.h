/* SPDX-License-Identifier: MIT */
/*
 * Calls of the program's functions, on the host, that may go wrong in any way: assert, crash, abort,
 * exit, jump out, or never come back. A guarded call costs its caller no more than that call.
 *
 * It goes on in its thread: by siglongjmp(), from a handler on a stack of its own. Where that is not
 * sound, since the function holds a lock of the allocator's, is in exit(), or hangs in a library, its
 * thread is lost: it sleeps for ever, and whoever supervises it is told. Depends on base/, and on guest/ for where it runs.
 */
#ifndef MOCK_GUARD_H
#define MOCK_GUARD_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/error.h"

enum guard_end {
	GUARD_RETURNED, /* with guard->result */
	GUARD_LEFT,	/* by guard_leave() */
	GUARD_CRASHED,	/* by the signal guard->place->signal */
	GUARD_EXITED,	/* by exit() or _exit(), with guard->result for a status */
	GUARD_JUMPED,	/* by longjmp(), to somewhere outside of it */
	GUARD_OVERDUE,	/* its time was over: guard_stop() */
};

/* More of a stack than this is not kept for a backtrace. */
#define GUARD_STACK_MAX 65536u

/* As many registers as any architecture has that a function keeps, and its flags. */
#define GUARD_KEPT 13

/* Where a function was that did not return. */
struct guard_place {
	int signal;	  /* 0 if it was none */
	uint64_t address; /* that SIGSEGV or SIGBUS is about */
	uint64_t pc, sp;
	uint64_t kept[GUARD_KEPT]; /* registers that functions keep, of the architecture: guard_own.h */
	const char *maps;	   /* the process's mappings, if it was another one's; or NULL */
	uint64_t stack_size;	   /* bytes from SP on, in `stack` */
	uint8_t stack[GUARD_STACK_MAX];
};

struct guard;

/* What the caller does for the function; called in its thread. */
struct guard_ops {
	/* It printed to standard output or error. */
	void (*print)(void *context, const char *text, size_t size);
	/* Whether its time is over. Async-signal-safe. */
	bool (*is_overdue)(void *context);
	/* Async-signal-safe: the thread is lost. guard->end and guard->place stay as they are. */
	void (*lost)(void *context, const struct guard *guard);
};

struct guard {
	const struct guard_ops *ops;
	void *context;
	enum guard_end end;
	int result;
	/* In the thread's own memory, until its next guarded call. NULL but after CRASHED to OVERDUE. */
	const struct guard_place *place;
	sigjmp_buf back; /* guard.c's */
};

/*
 * Have the signals of crashes handled, and exit() heard of; guard_finish() undoes it once it was called
 * as often. Returns 0 or -errno.
 */
int guard_init(struct error *error);
void guard_finish(void);

/* Call fn(argument). Returns guard->end. `ops` and `context` are the caller's. */
enum guard_end guard_call(struct guard *guard, int (*fn)(void *argument), void *argument);

/* The guarded call that the calling thread is in, or NULL. */
struct guard *guard_current(void);

/* End the calling thread's guarded call. */
void guard_leave(struct guard *guard, enum guard_end end) __attribute__((noreturn));

/* From whoever supervises threads with guarded calls, now and then: it goes on. */
void guard_pulse(void);

/* From another thread: if that thread is in a guarded call whose time is over, end it if that is sound. */
void guard_stop(pid_t thread);

/*
 * Whether a thread is lost in exit(): then the process can't exit by itself, since libc's exit() may
 * hold a lock. guard_exit() lets that thread go on with it, for a status of ours.
 */
bool guard_has_exited(void);
void guard_exit(int status) __attribute__((noreturn));

/*
 * Have fn() called in a thread that is about to die by a signal, or to exit, with the reason, and that is in no
 * guarded call: a chance to finish reports. Returns whether there were any. Async-signal-safe. NULL takes it
 * away.
 */
void guard_set_last_words(bool (*fn)(const char *reason));

/*
 * Have fn() called in a thread that is lost by a crash, before that is told: it may start the program anew. Returns if
 * not. Async-signal-safe. NULL takes it away.
 */
void guard_set_fresh(void (*fn)(const struct guard *guard));

/* For leave.c and the like: note where the caller is, from a longjmp() or _exit() on. */
void guard_note_place(struct guard *guard);

#endif /* MOCK_GUARD_H */

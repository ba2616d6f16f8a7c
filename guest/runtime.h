/* SPDX-License-Identifier: MIT */
/*
 * Inside the guest runtime: how it reaches the outside, and what its files use of each other.
 * Everything under guest/ runs in ring 0, depends on include/ alone, makes no system call, and is
 * built with general registers only.
 */
#ifndef GUEST_RUNTIME_H
#define GUEST_RUNTIME_H

#include <stdarg.h>
#include <ring0/private/abi.h>

#pragma GCC visibility push(hidden)

/*
 * The outside world. Under the host's runner it is the doorbell; a program booted as an image
 * has another table.
 */
struct outside {
	void (*console)(const char *text, size_t length);
	void (*failure)(const struct r0_failure *failure);
	void (*finish)(unsigned int message)
		__attribute__((noreturn)); /* R0_MESSAGE_PASS or _STOP */
	uint64_t (*clock)(void);	   /* nanoseconds */
	/* Have r0_wait_halt() end in so many nanoseconds, if nothing else ends it; the clock. */
	uint64_t (*wake)(uint64_t after);
};

extern const struct outside *outside;
extern const struct outside outside_host; /* over the doorbell */

/*
 * The program's side: mocks, which run there, may assert and print, too. NULL until the runner sets it.
 * failure() comes back after an expectation alone.
 */
struct program {
	bool (*in_mock)(void);
	void (*console)(const char *text, size_t length);
	void (*failure)(const struct r0_failure *failure);
};

extern const struct program *program;

/*
 * In entry_x86_64.S: send a message to the host and return its answer; continue in ring 3 with
 * fn(arg) on a stack, coming back through the innermost try; go on with fn on a stack; wait for an
 * interrupt, from interrupts off to interrupts off, or for the outside's wake().
 */
uint64_t r0_ask(uint64_t message, uint64_t a, uint64_t b);
void r0_enter_user(long (*fn)(void *arg), void *arg, uint64_t stack, struct r0_cpu *cpu)
	__attribute__((noreturn));
void r0_leave_to(uint64_t stack, void (*fn)(void)) __attribute__((noreturn));
void r0_wait_halt(void);

/* The CPU that runs this, where there are several; have it wait for work, or for an interrupt. */
struct r0_cpu *r0_find_cpu(void);
void r0_cpu_rest(void);

/*
 * What the entry code calls through struct r0_guest: for every exception and interrupt, for SYSCALL,
 * and where a CPU starts that has no test to run.
 */
void r0_exception(struct r0_frame *frame);
uint64_t r0_syscall(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t rip);
void r0_cpu_main(void);

/* What r0_try_begin() ends in. */
int r0_try_link(struct r0_try *try);

static inline bool in_ring3(void)
{
	uint64_t cs;

	__asm__("mov %%cs, %0" : "=r"(cs));
	return cs & 3;
}

/* Of an exception that came: what it should have been, where the KVM is known to get it wrong. */
void correct_user_interrupt(struct r0_frame *frame);

/* How many CPUs there are, 0 and 1 for one. In ring 0: volatile, not to be read ahead in ring 3. */
static inline uint64_t cpu_count(void)
{
	return *(const volatile uint64_t *)&r0_guest.cpu_count;
}

/* The state of the CPU that runs this, in ring 0. */
static inline struct r0_cpu *this_cpu(void)
{
	return __builtin_expect(cpu_count() <= 1, 1) ? &r0_guest.first : r0_find_cpu();
}

/* How many interrupts of that vector the CPU has handled since the last wait for it. */
static inline uint32_t *handled_interrupts(const struct r0_cpu *cpu, uint64_t vector)
{
	return (uint32_t *)(cpu->area + R0_AREA_INTERRUPTS) + vector;
}

/* Where the next exception's stack of that CPU starts. */
uint64_t exception_stack(const struct r0_cpu *cpu);
void set_exception_stack(const struct r0_cpu *cpu, uint64_t top);

/* Have the interrupted code continue where the innermost try began. */
void recover(struct r0_cpu *cpu, struct r0_frame *frame);

/* For reports: the test uses something. A store dirties a page, and CPUs may note at a time. */
static inline void note_use(enum r0_used use)
{
	if (!(r0_guest.used & use))
		__atomic_fetch_or(&r0_guest.used, use, __ATOMIC_RELAXED);
}

struct r0_table_register;

/* Whether a gate leads to the runtime's own code for that vector: a test's is the test's affair. */
bool is_runtime_gate(const struct r0_table_register *idt, unsigned int vector);

/* Whether the test has loaded an IDT by which that vector does not come to the runtime. */
bool has_own_gate(unsigned int vector);

/* Fail, for a function that goes to ring 3 and back, if the tables that are loaded don't allow it. */
void require_runtime_tables(const char *function, const struct r0_cpu *cpu);

/* For reports: what that CPU waits for from now on. */
void note_wait(struct r0_cpu *cpu, enum r0_wait waits, const void *awaited);

/* Wait until all CPUs but this one, which runs the test, have finished what they were given. */
void wait_for_other_cpus(void);

/* Fail, for that function, if there is no CPU of that number. */
void require_cpu(const char *function, unsigned int number);

/* Let no interrupt in. */
void interrupts_off(void);

/*
 * Fail, for one that waits for another CPU: there is none, or none that runs any more, as in the
 * teardown of a test that failed.
 */
void panic_alone(void) __attribute__((noreturn));

/*
 * Format as vsnprintf() does, without floating point: returns the length that the whole text
 * has, writes at most size - 1 characters and a NUL.
 */
size_t format_text(char *buffer, size_t size, const char *format, va_list arguments);
size_t format_to(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* String instructions under names of our own: libc's functions may use vector instructions. */
void *copy_bytes(void *to, const void *from, size_t size);
void *fill_bytes(void *to, int byte, size_t size);
size_t length_of(const char *text);

/* How many bytes are the same from the start on: `size` if all of them are. */
size_t common_length(const void *a, const void *b, size_t size);

/* Report a failure; for R0_FAILURE_ASSERT and _PANIC, then end the test by way of its teardown. */
void fail(enum r0_failure_kind kind, const char *file, int line, const char *text, size_t length);

/* End the test now: run its teardown, if that is not what failed, and tell the outside. */
void stop(void) __attribute__((noreturn));

/*
 * If the caller runs on the host, say so: a mock fails by it, other code aborts. And the same of what a
 * mock may call.
 */
void require_guest(const char *function);
void require_guest_or_mock(const char *function);

#pragma GCC visibility pop

#endif /* GUEST_RUNTIME_H */

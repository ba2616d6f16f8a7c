/* SPDX-License-Identifier: MIT */
/*
 * The rest of the guest runtime, as guest/test/assert.c and print.c see it, played on the host: what comes of a
 * statement is kept, and SIGSEGV and SIGILL are the exceptions.
 */
#ifndef TESTS_UNIT_GUEST_ASSERT_FIXTURE_H
#define TESTS_UNIT_GUEST_ASSERT_FIXTURE_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <ring0.h>
#include "guest/entry/entry.h"
#include "guest/exceptions/own_tables.h"
#include "guest/host/fail.h"
#include "guest/host/outside.h"
#include "guest/host/require.h"

/* The runtime calls this one; cmocka has a macro of that name. */
static void take_failure(enum r0_failure_kind kind, const char *file, int line, const char *text,
			 size_t length);
void fail(enum r0_failure_kind kind, const char *file, int line, const char *text, size_t length)
{
	take_failure(kind, file, line, text, length);
}
#include <cmocka.h> /* last: it has macros of common names */
#undef stop	    /* one of them, since version 2, and the runtime's */

/* What came of one statement. */
static struct {
	int failures;
	int skips;
	enum r0_failure_kind kind;
	const char *file;
	int line;
	char text[4096];
	size_t length;
	bool inside; /* as if in a test: a failed assertion comes back to `end` */
	bool stopped;
	const char *required;
	char console[8192];
	size_t console_length;
	int console_calls;
	size_t console_longest;
	jmp_buf end;
} seen;

static void take_text(const char *text, size_t length)
{
	assert_true(length < sizeof(seen.text));
	memcpy(seen.text, text, length);
	seen.text[length] = '\0';
	seen.length = length;
}

static void take_failure(enum r0_failure_kind kind, const char *file, int line, const char *text,
			 size_t length)
{
	assert_non_null(seen.required);
	seen.failures++;
	seen.kind = kind;
	seen.file = file;
	seen.line = line;
	take_text(text, length);
}

void stop(void)
{
	seen.stopped = true;
	longjmp(seen.end, 1);
}

const char own_gate_text[] = "";

bool has_own_gate(unsigned int vector)
{
	(void)vector;
	return false;
}

uint64_t r0_ask(uint64_t message, uint64_t a, uint64_t b)
{
	assert_int_equal(message, R0_MESSAGE_SKIP);
	seen.skips++;
	take_text((const char *)(uintptr_t)a, b);
	return 0;
}

void require_guest(const char *function)
{
	seen.required = function;
}

void require_guest_or_mock(const char *function)
{
	seen.required = function;
}

const char *r0_vector_name(int vector)
{
	return vector == R0_PF ? "#PF" :
	       vector == R0_UD ? "#UD" :
	       vector == R0_GP ? "#GP" :
				 "interrupt";
}

static void take_console(const char *text, size_t length)
{
	assert_true(seen.console_length + length < sizeof(seen.console));
	memcpy(seen.console + seen.console_length, text, length);
	seen.console_length += length;
	seen.console_calls++;
	if (length > seen.console_longest)
		seen.console_longest = length;
}

static const struct outside fake_outside = { .console = take_console };
const struct outside *outside = &fake_outside;
const struct program *program;

static struct r0_try *tries;

/* As the runtime's own: what the ABI has a function preserve, and RAX as the answer. */
__asm__(".text\n"
	".globl r0_try_begin\n"
	".type r0_try_begin, @function\n"
	"r0_try_begin:\n"
	"	mov %rbx, (%rdi)\n"
	"	mov %rbp, 8(%rdi)\n"
	"	mov %r12, 16(%rdi)\n"
	"	mov %r13, 24(%rdi)\n"
	"	mov %r14, 32(%rdi)\n"
	"	mov %r15, 40(%rdi)\n"
	"	lea 8(%rsp), %rax\n"
	"	mov %rax, 48(%rdi)\n"
	"	mov (%rsp), %rax\n"
	"	mov %rax, 56(%rdi)\n"
	"	jmp link_try\n"
	".size r0_try_begin, . - r0_try_begin\n");

int link_try(struct r0_try *new_try);
__attribute__((used)) int link_try(struct r0_try *new_try)
{
	new_try->outer = tries;
	tries = new_try;
	return 0;
}

void r0_try_end(struct r0_try *try)
{
	assert_ptr_equal(try, tries);
	tries = try->outer;
}

static void take_signal(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct r0_try *try = tries;

	if (try == NULL) {
		signal(number, SIG_DFL);
		return;
	}
	tries = try->outer;
	try->fault.vector = number == SIGILL ? R0_UD : R0_PF;
	try->fault.error_code = (uint64_t)registers[REG_ERR];
	try->fault.cr2 = (uintptr_t)info->si_addr;
	try->fault.rip = 0x401000;
	registers[REG_RBX] = (greg_t)try->recovery.rbx;
	registers[REG_RBP] = (greg_t)try->recovery.rbp;
	registers[REG_R12] = (greg_t)try->recovery.r12;
	registers[REG_R13] = (greg_t)try->recovery.r13;
	registers[REG_R14] = (greg_t)try->recovery.r14;
	registers[REG_R15] = (greg_t)try->recovery.r15;
	registers[REG_RSP] = (greg_t)try->recovery.rsp;
	registers[REG_RIP] = (greg_t)try->recovery.rip;
	registers[REG_RAX] = 1;
}

/* cmocka takes these signals at the start of each test, and gives them back at its end. */
static void take_exceptions(void)
{
	struct sigaction action = { .sa_sigaction = take_signal,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };

	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
	assert_int_equal(sigaction(SIGILL, &action, NULL), 0);
}

static void forget(void)
{
	seen.failures = 0;
	seen.skips = 0;
	seen.required = NULL;
	seen.stopped = false;
	seen.text[0] = '\0';
	seen.console_length = 0;
	seen.console_calls = 0;
	seen.console_longest = 0;
}

/* Run a statement to its end, or to where it ends the test. */
#define RUN(...)                           \
	do {                               \
		forget();                  \
		if (setjmp(seen.end) == 0) \
			__VA_ARGS__;       \
	} while (0)

#define PASSES(...)                                 \
	do {                                        \
		RUN(__VA_ARGS__);                   \
		assert_string_equal(seen.text, ""); \
		assert_null(seen.required);         \
		assert_int_equal(seen.failures, 0); \
		assert_false(seen.stopped);         \
	} while (0)

/* Within a statement of several lines, compilers do not agree on what __LINE__ is. */
#define FAILS(kind_, stopped_, text_, ...)                                     \
	do {                                                                   \
		RUN(__VA_ARGS__);                                              \
		assert_string_equal(seen.text, text_);                         \
		assert_int_equal(seen.failures, 1);                            \
		assert_int_equal(seen.kind, kind_);                            \
		assert_string_equal(seen.file, __FILE__);                      \
		assert_uint_in_range(seen.line, __LINE__ - 10, __LINE__ + 10); \
		assert_int_equal(seen.stopped, stopped_);                      \
		assert_null(tries);                                            \
	} while (0)
#define ENDS(text_, ...)      FAILS(R0_FAILURE_ASSERT, true, text_, __VA_ARGS__)
#define CONTINUES(text_, ...) FAILS(R0_FAILURE_EXPECT, false, text_, __VA_ARGS__)

#endif /* TESTS_UNIT_GUEST_ASSERT_FIXTURE_H */

/* SPDX-License-Identifier: MIT */
/* The outside world as the doorbell reaches it: the host's runner. */
#include "runtime.h"

static void console(const char *text, size_t length)
{
	r0_ask(R0_MESSAGE_CONSOLE, (uint64_t)text, length);
}

static void failure(const struct r0_failure *what)
{
	r0_ask(R0_MESSAGE_FAILURE, (uint64_t)what, 0);
}

static __attribute__((noreturn)) void finish(unsigned int message)
{
	r0_ask(message, 0, 0);
	__builtin_unreachable();
}

static uint64_t clock(void)
{
	return r0_ask(R0_MESSAGE_CLOCK, 0, 0);
}

static uint64_t wake(uint64_t after)
{
	return r0_ask(R0_MESSAGE_WAKE, after, 0);
}

const struct outside outside_host = {
	.console = console,
	.failure = failure,
	.finish = finish,
	.clock = clock,
	.wake = wake,
};

/* NULL in the program; the mirror points it at a table in the VM's copy. */
const struct outside *outside;

/* The VM's copy may have it, too, where `outside` goes first. */
const struct program *program;

/* The one place that runs on the host: a system call of Linux, made without libc. */
static long host_call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

static void host_print(const char *text)
{
	host_call(1 /* write */, 2, (long)text, (long)length_of(text));
}

static bool is_in_mock(void)
{
	return program && program->in_mock();
}

static __attribute__((noreturn, cold)) void refuse(const char *function)
{
	struct r0_failure failure = { .kind = R0_FAILURE_PANIC };
	char text[128];

	if (is_in_mock()) {
		failure.length = format_to(text, sizeof(text),
					   "%s() was called in a mock, on the host; it works in "
					   "ring 0 only",
					   function);
		failure.text = text;
		program->failure(&failure);
	}
	host_print("ring0: ");
	host_print(function);
	host_print("() was called outside a test; it works in ring 0 only\n");
	/* SIGABRT, to the process that getpid names. */
	host_call(62 /* kill */, host_call(39 /* getpid */, 0, 0, 0), 6, 0);
	__builtin_trap();
}

void require_guest(const char *function)
{
	if (__builtin_expect(outside == NULL, 0))
		refuse(function);
}

void require_guest_or_mock(const char *function)
{
	if (__builtin_expect(outside == NULL, 0) && !is_in_mock())
		refuse(function);
}

/* SPDX-License-Identifier: MIT */
/* The outside world as the doorbell reaches it: the host's runner. */
#include "guest/entry/entry.h"
#include "guest/host/outside.h"

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

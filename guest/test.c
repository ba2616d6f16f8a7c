/* SPDX-License-Identifier: MIT */
/* How a test starts and ends in ring 0. */
#include <ring0.h>
#include "runtime.h"

void r0_guest_run(void (*fn)(void *arg), void *arg, bool (*when)(void), void (*setup)(void),
		  void (*teardown)(void), void *param)
{
	/* Stores dirty a page, which then has to be restored: only where they are needed. */
	if (param)
		r0_guest.param = param;
	if (when && !when())
		r0_ask(R0_MESSAGE_SKIP, 0, 0);
	if (teardown)
		r0_guest.teardown = teardown;
	if (setup)
		setup();
	fn(arg);
	wait_for_other_cpus();
	if (teardown) {
		r0_guest.teardown = NULL;
		teardown();
		wait_for_other_cpus();
	}
	outside->finish(R0_MESSAGE_PASS);
}

void r0_watch_probe(void *arg)
{
	(void)arg;
	*(volatile uint64_t *)&r0_guest.first.scratch = 1;
}

void *r0_param(void)
{
	static const char absent[] = "R0_PARAM() in a test that has no .params";

	require_guest("R0_PARAM");
	if (!r0_guest.param)
		fail(R0_FAILURE_PANIC, NULL, 0, absent, sizeof(absent) - 1);
	return r0_guest.param;
}

static void finish_failed(void)
{
	void (*teardown)(void) = r0_guest.teardown;

	/* Forgotten first: a teardown that fails ends here without running again. */
	r0_guest.teardown = NULL;
	if (teardown)
		teardown();
	outside->finish(R0_MESSAGE_STOP);
}

/*
 * A sound stack for the teardown, whatever the test did to its own; where there is room, one that
 * leaves the test's frames as they are, for the backtrace.
 */
static uint64_t teardown_stack(const struct r0_cpu *cpu)
{
	uint64_t bottom = cpu->area + R0_AREA_STACK, rsp;

	__asm__("mov %%rsp, %0" : "=r"(rsp));
	if (rsp - bottom < R0_AREA_STACK_SIZE / 4)
		return bottom + R0_AREA_STACK_SIZE;
	if (rsp - bottom < R0_AREA_STACK_SIZE)
		return rsp & ~15ull;
	return bottom + R0_AREA_STACK_SIZE / 2;
}

void stop(void)
{
	struct r0_cpu *cpu = this_cpu();
	uint64_t stack = teardown_stack(cpu);

	set_exception_stack(cpu, cpu->area + R0_AREA_EXCEPTION_STACK + R0_AREA_EXCEPTION_SIZE);
	cpu->try = NULL;
	r0_leave_to(stack, finish_failed);
}

void fail(enum r0_failure_kind kind, const char *file, int line, const char *text, size_t length)
{
	struct r0_failure failure = {
		.file = file,
		.text = text,
		.length = length,
		.line = (uint32_t)line,
		.kind = kind,
	};

	outside->failure(&failure);
	if (kind == R0_FAILURE_EXPECT)
		return;
	if (in_ring3())
		r0_ask(R0_MESSAGE_STOP, 0, 0);
	stop();
}

void r0_publish(const void *ptr, size_t size)
{
	static const char refused[] =
		"r0_publish() was given memory that is not mapped and writable in the program";

	require_guest(__func__);
	if (r0_ask(R0_MESSAGE_PUBLISH, (uint64_t)ptr, size) != 0)
		fail(R0_FAILURE_PANIC, NULL, 0, refused, sizeof(refused) - 1);
}

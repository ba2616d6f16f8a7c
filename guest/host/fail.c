/* SPDX-License-Identifier: MIT */
/* How a test fails in ring 0, and ends early. */
#include "guest/entry/cpu.h"
#include "guest/entry/entry.h"
#include "guest/entry/exception_stack.h"
#include "guest/entry/state.h"
#include "guest/host/fail.h"
#include "guest/host/outside.h"

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
	uint64_t bottom = cpu->area + R0_AREA_STACK, sp = stack_pointer();

	if (sp - bottom < R0_AREA_STACK_SIZE / 4)
		return bottom + R0_AREA_STACK_SIZE;
	if (sp - bottom < R0_AREA_STACK_SIZE)
		return sp & ~15ull;
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

	if (!outside) {
		program->failure(&failure);
		return;
	}
	outside->failure(&failure);
	if (kind == R0_FAILURE_EXPECT)
		return;
	if (in_ring3())
		r0_ask(R0_MESSAGE_STOP, 0, 0);
	stop();
}

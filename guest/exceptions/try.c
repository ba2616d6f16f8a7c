/* SPDX-License-Identifier: MIT */
/* r0_try(), and r0_user_call() on top of it. */
#include <ring0.h>
#include "guest/entry/entry.h"
#include "guest/entry/state.h"
#include "guest/exceptions/own_tables.h"
#include "guest/host/require.h"

struct r0_fault r0_try(void (*fn)(void *arg), void *arg)
{
	struct r0_try try;

	if (r0_try_begin(&try) == 0) {
		fn(arg);
		r0_try_end(&try);
	}
	return try.fault;
}

struct r0_fault r0_user_call(long (*fn)(void *arg), void *arg)
{
	struct r0_cpu *cpu = this_cpu();
	/* Of the ring 3 around this one, if a handler that interrupted it calls. */
	uint64_t kernel_sp = cpu->kernel_sp, user_sp = cpu->user_sp;
	struct r0_try try;

	require_guest(__func__);
	require_runtime_tables(__func__, cpu);
	note_use(R0_USED_RING_3);
	if (r0_try_begin(&try) == 0)
		r0_enter_user(fn, arg, cpu->user_stack, cpu);
	cpu->kernel_sp = kernel_sp;
	cpu->user_sp = user_sp;
	return try.fault;
}

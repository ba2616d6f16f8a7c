/* SPDX-License-Identifier: MIT */
/* How a test runs in ring 0, and what it asks of the host by name. */
#include <ring0.h>
#include "guest/entry/entry.h"
#include "guest/host/fail.h"
#include "guest/host/outside.h"
#include "guest/host/require.h"
#include "guest/smp/smp.h"

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

void *r0_param(const char *type, size_t size, const char *file, int line)
{
	static const char absent[] = "R0_PARAM() in a test that has no .params";

	require_guest("R0_PARAM");
	if (!r0_guest.param)
		fail(R0_FAILURE_PANIC, NULL, 0, absent, sizeof(absent) - 1);
	if (size != r0_guest.param_size)
		r0_fail(file, line, "R0_PARAM(%s) has %zu bytes, an element of .params %zu", type,
			size, (size_t)r0_guest.param_size);
	return r0_guest.param;
}

void r0_publish(const void *ptr, size_t size)
{
	static const char refused[] =
		"r0_publish() was given memory that is not mapped and writable in the program";

	require_guest(__func__);
	if (r0_ask(R0_MESSAGE_PUBLISH, (uint64_t)ptr, size) != 0)
		fail(R0_FAILURE_PANIC, NULL, 0, refused, sizeof(refused) - 1);
}

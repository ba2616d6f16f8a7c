/* SPDX-License-Identifier: MIT */
/* The thread of a machine that waits for what comes from outside: input, the kill, the time limit. */
#include "monitor/threads/io_thread.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "monitor/rest.h"

/* How long it is until then, of clock_ns(). */
static struct timespec left(uint64_t until)
{
	uint64_t now = clock_ns();

	return clock_timespec(until > now ? until - now : 0);
}

/* Wait for any of them until then. Returns what ppoll() does. */
static int wait_until(struct pollfd *fds, size_t count, uint64_t until)
{
	const struct timespec timeout = left(until);

	return ppoll(fds, count, until == UINT64_MAX ? NULL : &timeout, NULL);
}

static void end_by_time(struct r0_vm *vm)
{
	struct r0_vm_outcome outcome = {
		.end = R0_VM_TIME_LIMIT,
		.cpu = R0_VM_NO_CPU,
		.exit_code = 1,
	};

	snprintf(outcome.reason, sizeof(outcome.reason), "the time limit of %u ms is over",
		 vm->options.time_limit_ms);
	monitor_end(vm, &outcome);
}

void *monitor_io_thread(void *context)
{
	struct r0_vm *vm = context;
	const uint64_t limit = vm->options.time_limit_ms ?
				       clock_ns() + vm->options.time_limit_ms * CLOCK_NS_PER_MS :
				       UINT64_MAX;
	struct pollfd fds[1 + WIRING_POLL_MAX];
	uint64_t deadline;
	size_t count;

	vcpu_prepare_thread();
	while (!park_is_killed(&vm->park)) {
		fds[0] = (struct pollfd){ .fd = vm->park.kill_evt, .events = POLLIN };
		count = wiring_poll(vm->devices, fds + 1);
		deadline = wiring_deadline(vm->devices);
		if (wait_until(fds, 1 + count, deadline < limit ? deadline : limit) < 0 &&
		    errno != EINTR)
			monitor_log(vm, "waiting for a VM's input failed: %s", strerror(errno));
		if (fds[0].revents)
			monitor_kill(vm);
		else if (clock_ns() >= limit)
			end_by_time(vm);
		else
			wiring_serve(vm->devices);
	}
	monitor_thread_ends(vm);
	return NULL;
}

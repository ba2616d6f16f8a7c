/* SPDX-License-Identifier: MIT */
/* The thread of a machine that waits for what comes from outside: input, the kill, the time limit. */
#include "monitor/io_thread.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "monitor/rest.h"

/* How long to wait at most: for poll(), until a moment of clock_ms(), 0 being never. */
static int left_ms(uint64_t until)
{
	uint64_t now = clock_ms();

	if (!until)
		return -1;
	if (now >= until)
		return 0;
	return until - now < 1000000 ? (int)(until - now) : 1000000;
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
	uint64_t until = vm->options.time_limit_ms ? clock_ms() + vm->options.time_limit_ms : 0;
	struct pollfd fds[1 + DEVICES_POLL_MAX];
	size_t count;

	vcpu_prepare_thread();
	while (!park_is_killed(&vm->park)) {
		fds[0] = (struct pollfd){ .fd = vm->park.kill_evt, .events = POLLIN };
		count = devices_poll(vm->devices, fds + 1);
		if (poll(fds, 1 + count, left_ms(until)) < 0 && errno != EINTR)
			monitor_log(vm, "waiting for a VM's input failed: %s", strerror(errno));
		if (fds[0].revents)
			monitor_kill(vm);
		else if (until && clock_ms() >= until)
			end_by_time(vm);
		else
			devices_serve(vm->devices);
	}
	monitor_thread_ends(vm);
	return NULL;
}

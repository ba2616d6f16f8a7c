/* SPDX-License-Identifier: MIT */
/* Bringing a machine that runs to rest, and having it go on. */
#include "monitor/freeze.h"
#include <errno.h>
#include <stdio.h>
#include "monitor/rest.h"

/* "CPU 1" or "CPUs 1, 2": the first ones that the text has room for. */
static void name_cpus(uint64_t cpus, char *text, size_t size)
{
	size_t length = (size_t)snprintf(text, size, "CPU%s", cpus & (cpus - 1) ? "s" : "");
	const char *comma = "";

	for (; cpus && length + 8 < size; cpus &= cpus - 1, comma = ",")
		length += (size_t)snprintf(text + length, size - length, "%s %d", comma,
					   __builtin_ctzll(cpus));
}

static void kick_all(struct r0_vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->options.cpus; i++)
		monitor_kick(&vm->cpus[i]);
}

int monitor_freeze(struct r0_vm *vm, struct error *error)
{
	const unsigned int limit_ms = vm->options.park_limit_ms;
	char names[128] = "the device worker";
	uint64_t missing;
	int err;

	wiring_pause(vm->devices, true);
	park_freeze(&vm->park);
	kick_all(vm);
	err = park_wait(&vm->park, vm->seats, vm->options.cpus, limit_ms, &missing);
	/* What the guest had asked for by then is done, and part of what a snapshot shows. */
	if (!err)
		err = wiring_settle(vm->devices, limit_ms);
	if (!err) {
		vm->state = MONITOR_FROZEN;
		return 0;
	}
	park_thaw(&vm->park, vm->seats, vm->options.cpus);
	wiring_pause(vm->devices, false);
	if (err == -ESHUTDOWN)
		return error_set(error, ESHUTDOWN, "the VM has ended: it can't be frozen");
	if (missing)
		name_cpus(missing, names, sizeof(names));
	return error_set(error, ETIMEDOUT,
			 "%s did not come to rest within %u ms, and the VM goes on: is KVM, the "
			 "host or a function given to the VM stuck?",
			 names, limit_ms);
}

void monitor_thaw(struct r0_vm *vm)
{
	wiring_pause(vm->devices, false);
	vm->state = MONITOR_STARTED;
	park_thaw(&vm->park, vm->seats, vm->options.cpus);
}

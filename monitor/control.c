/* SPDX-License-Identifier: MIT */
/* Control from outside: waiting for a machine's end, killing, freezing and thawing it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "monitor/monitor.h"

int r0_vm_wait(struct r0_vm *vm, int timeout_ms, struct r0_vm_outcome *outcome,
	       struct r0_error *error)
{
	bool through;
	int err = 0;

	pthread_mutex_lock(&vm->end_lock);
	through = monitor_wait_for_threads(vm, timeout_ms);
	if (!through)
		err = error_set(monitor_error(error), ETIMEDOUT, "the VM still runs after %d ms",
				timeout_ms);
	else if (!vm->has_outcome)
		err = error_set(monitor_error(error), EINVAL,
				"the VM was not started: it can't end");
	else if (outcome)
		*outcome = vm->outcome;
	pthread_mutex_unlock(&vm->end_lock);
	return err;
}

void r0_vm_kill(struct r0_vm *vm)
{
	const struct r0_vm_outcome outcome = {
		.end = R0_VM_KILLED,
		.cpu = R0_VM_NO_CPU,
		.exit_code = 1,
		.reason = "the VM was killed",
	};

	monitor_end(vm, &outcome);
}

int r0_vm_kill_fd(const struct r0_vm *vm)
{
	return vm->park.kill_evt;
}

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

	devices_pause(vm->devices, true);
	park_freeze(&vm->park);
	kick_all(vm);
	err = park_wait(&vm->park, vm->seats, vm->options.cpus, limit_ms, &missing);
	/* What the guest had asked for by then is done, and part of what a snapshot shows. */
	if (!err)
		err = devices_settle(vm->devices, limit_ms);
	if (!err) {
		vm->state = MONITOR_FROZEN;
		return 0;
	}
	park_thaw(&vm->park, vm->seats, vm->options.cpus);
	devices_pause(vm->devices, false);
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
	devices_pause(vm->devices, false);
	vm->state = MONITOR_STARTED;
	park_thaw(&vm->park, vm->seats, vm->options.cpus);
}

static int freeze(struct r0_vm *vm, struct error *error)
{
	switch (vm->state) {
	case MONITOR_READY:
		return error_set(error, EINVAL,
				 "the VM was not started: there is nothing to freeze");
	case MONITOR_FROZEN:
		return error_set(error, EALREADY, "the VM is frozen already");
	case MONITOR_STARTED:
		break;
	}
	return monitor_freeze(vm, error);
}

int r0_vm_freeze(struct r0_vm *vm, struct r0_error *error)
{
	int err;

	pthread_mutex_lock(&vm->control);
	err = freeze(vm, monitor_error(error));
	pthread_mutex_unlock(&vm->control);
	return err;
}

int r0_vm_thaw(struct r0_vm *vm, struct r0_error *error)
{
	int err = 0;

	pthread_mutex_lock(&vm->control);
	if (vm->state == MONITOR_FROZEN)
		monitor_thaw(vm);
	else
		err = error_set(monitor_error(error), EALREADY, "the VM is not frozen");
	pthread_mutex_unlock(&vm->control);
	return err;
}

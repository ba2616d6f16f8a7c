/* SPDX-License-Identifier: MIT */
/* Control from outside: waiting for a machine's end, killing, freezing and thawing it. */
#include <errno.h>
#include "monitor/freeze.h"
#include "monitor/rest.h"

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
	monitor_kill(vm);
}

int r0_vm_kill_fd(const struct r0_vm *vm)
{
	return vm->park.kill_evt;
}

void r0_vm_hold(struct r0_vm *vm, bool held)
{
	unsigned int i;

	park_hold(&vm->park, held);
	/* Of those that run each comes to look when it leaves the VM: who holds them does not wait. */
	for (i = 0; !held && i < vm->options.cpus; i++)
		park_wake(&vm->cpus[i].seat);
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

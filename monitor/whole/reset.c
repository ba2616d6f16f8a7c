/* SPDX-License-Identifier: MIT */
/* Resetting a machine, and waking it from its sleep. */
#include "monitor/whole/reset.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "base/clock.h"
#include "kvm/vm/vm_state.h"
#include "monitor/cpu.h"
#include "monitor/rest.h"
#include "monitor/threads/threads.h"
#include "monitor/virtual.h"
#include "monitor/watch/watch_cpu.h"
#include "monitor/whole/resume.h"
#include "monitor/wiring/wiring_pc.h"

struct monitor_pristine {
	struct vm_state *chips;
	unsigned int cpu_count;
	struct vcpu_state *cpus[R0_VM_CPUS_MAX];
};

int pristine_create(struct monitor_pristine **result, struct r0_vm *vm, struct error *error)
{
	struct monitor_pristine *pristine = calloc(1, sizeof(*pristine));
	unsigned int i;
	int err;

	if (!pristine)
		return error_set(error, ENOMEM, "no memory for the state after a reset");
	pristine->cpu_count = vm->options.cpus;
	err = vm_state_create(&pristine->chips, &vm->vm, error);
	for (i = 0; i < vm->options.cpus && !err; i++)
		err = vcpu_state_create(&pristine->cpus[i], &vm->cpus[i].vcpu, error);
	if (err)
		pristine_destroy(pristine);
	else
		*result = pristine;
	return err;
}

void pristine_destroy(struct monitor_pristine *pristine)
{
	unsigned int i;

	if (!pristine)
		return;
	vm_state_destroy(pristine->chips);
	for (i = 0; i < pristine->cpu_count; i++)
		if (pristine->cpus[i])
			vcpu_state_destroy(pristine->cpus[i]);
	free(pristine);
}

/* Devices lower their lines; what the controllers made of that comes after. */
static int reset_machine(struct r0_vm *vm, bool cpus_only, struct error *error)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < vm->options.cpus && !err; i++)
		err = vcpu_state_clear(&vm->cpus[i].vcpu, vm->has_watch, error);
	if (!err && !cpus_only) {
		wiring_reset(vm->devices);
		err = vm_state_restore(vm->pristine->chips, &vm->vm, error);
	}
	for (i = 0; i < vm->options.cpus && !err; i++) {
		struct monitor_cpu *cpu = &vm->cpus[i];

		err = monitor_restore_cpu(cpu, vm->pristine->cpus[i], error);
		atomic_store(&cpu->halted, false);
		cpu->has_entry = !err && monitor_needs_no_entry(vm, i);
		cpu->by_device = false;
		monitor_recapture(cpu);
	}
	monitor_watch_renew(vm);
	return err;
}

static int wait_for_wake(struct r0_vm *vm, int timeout_ms, struct error *error)
{
	const uint64_t limit = timeout_ms < 0 ? UINT64_MAX :
						clock_ns() + (uint64_t)timeout_ms * CLOCK_NS_PER_MS;
	uint64_t deadline;
	struct timespec until;

	while (!wiring_wake_up(vm->devices, &deadline)) {
		if (deadline == UINT64_MAX)
			return error_set(error, EDEADLK,
					 "the VM sleeps, and nothing that the guest has enabled "
					 "wakes it");
		if (clock_ns() >= limit)
			return error_set(error, ETIMEDOUT, "the VM still sleeps after %d ms",
					 timeout_ms);
		until = clock_timespec(deadline < limit ? deadline : limit);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
	return 0;
}

/* The CPU that ended it asked for no more. */
static bool is_of_cpus_alone(const struct r0_vm *vm)
{
	return vm->has_outcome && vm->outcome.end == R0_VM_RESET &&
	       vm->cpus[vm->outcome.cpu].end == BUS_END_INIT;
}

static int reset(struct r0_vm *vm, int timeout_ms, struct r0_vm_entry *entry, struct error *error)
{
	bool sleeps = vm->has_outcome && vm->outcome.end == R0_VM_SLEEP;
	bool cpus_only = is_of_cpus_alone(vm);
	int err = 0;

	if (vm->state == MONITOR_FROZEN && !park_is_killed(&vm->park))
		return error_set(error, EBUSY, "a reset of a VM that is frozen: end it first");
	if (sleeps)
		err = wait_for_wake(vm, timeout_ms, error);
	if (!err)
		err = monitor_leave_end(vm, error);
	if (!err && sleeps)
		wiring_pc_tell_wake(vm->devices->pc);
	if (!err)
		err = reset_machine(vm, cpus_only, error);
	if (err)
		return err;
	monitor_resume(vm, sleeps, entry);
	return 0;
}

int r0_vm_reset(struct r0_vm *vm, int timeout_ms, struct r0_vm_entry *entry, struct r0_error *error)
{
	int err;

	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "a reset", monitor_error(error));
	if (!err)
		err = reset(vm, timeout_ms, entry, monitor_error(error));
	pthread_mutex_unlock(&vm->control);
	return err;
}

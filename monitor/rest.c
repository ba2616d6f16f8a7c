/* SPDX-License-Identifier: MIT */
/* Whether a machine runs, how its threads come to an end, and what is said meanwhile. */
#include "monitor/rest.h"
#include "base/clock.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void monitor_log(const struct r0_vm *vm, const char *format, ...)
{
	char line[sizeof(struct error)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (vm->options.log)
		vm->options.log(vm->options.context, line);
	else
		fprintf(stderr, "ring0: %s\n", line);
}

bool monitor_at_rest(struct r0_vm *vm)
{
	bool through;

	if (vm->state != MONITOR_STARTED)
		return true;
	pthread_mutex_lock(&vm->end_lock);
	through = !vm->running;
	pthread_mutex_unlock(&vm->end_lock);
	return through;
}

int monitor_need_rest(struct r0_vm *vm, const char *what, struct error *error)
{
	if (monitor_at_rest(vm))
		return 0;
	return error_set(error, EBUSY, "%s of a VM that runs: freeze it first", what);
}

int monitor_need_cpu(const struct r0_vm *vm, unsigned int cpu, struct error *error)
{
	if (cpu < vm->options.cpus)
		return 0;
	return error_set(error, EINVAL, "there is no CPU %u: the VM has %u", cpu, vm->options.cpus);
}

void monitor_kick(struct monitor_cpu *cpu)
{
	pthread_mutex_lock(&cpu->kick_lock);
	if (cpu->vcpu.thread)
		vcpu_kick(&cpu->vcpu);
	pthread_mutex_unlock(&cpu->kick_lock);
	park_wake(&cpu->seat);
}

void monitor_end(struct r0_vm *vm, const struct r0_vm_outcome *outcome)
{
	unsigned int i;
	bool runs;

	/* In one: what ends now may be ready to be started again a moment later, and then is to be. */
	pthread_mutex_lock(&vm->end_lock);
	runs = vm->running != 0;
	if (runs && !vm->has_outcome) {
		vm->has_outcome = true;
		vm->outcome = *outcome;
	}
	if (runs)
		park_kill(&vm->park);
	pthread_mutex_unlock(&vm->end_lock);
	for (i = 0; runs && i < vm->options.cpus; i++)
		monitor_kick(&vm->cpus[i]);
}

void monitor_kill(struct r0_vm *vm)
{
	const struct r0_vm_outcome outcome = {
		.end = R0_VM_KILLED,
		.cpu = R0_VM_NO_CPU,
		.exit_code = 1,
		.reason = "the VM was killed",
	};

	monitor_end(vm, &outcome);
}

bool monitor_wait_for_threads(struct r0_vm *vm, int timeout_ms)
{
	const uint64_t wait_ms = timeout_ms < 0 ? 0 : (uint64_t)timeout_ms;
	const struct timespec until = clock_timespec(clock_ns() + wait_ms * CLOCK_NS_PER_MS);
	int err = 0;

	while (vm->running && !err)
		err = timeout_ms < 0 ? pthread_cond_wait(&vm->ended, &vm->end_lock) :
				       pthread_cond_timedwait(&vm->ended, &vm->end_lock, &until);
	return !vm->running;
}

void monitor_thread_ends(struct r0_vm *vm)
{
	void (*release)(struct r0_vm * vm);

	pthread_mutex_lock(&vm->end_lock);
	release = --vm->running ? NULL : vm->abandoned;
	pthread_cond_broadcast(&vm->ended);
	pthread_mutex_unlock(&vm->end_lock);
	/* Nobody waits for this thread any more, nor joins it. */
	if (release)
		release(vm);
}

/* SPDX-License-Identifier: MIT */
/* The threads of a machine: one for each vCPU, and one for what comes from outside. */
#include "monitor/threads/threads.h"
#include <errno.h>
#include "monitor/rest.h"
#include "monitor/threads/cpu_thread.h"
#include "monitor/threads/io_thread.h"

static void give_back(struct r0_vm *vm, int (*thread_back)(pthread_t thread))
{
	unsigned int i;

	for (i = 0; i < vm->options.cpus; i++) {
		if (vm->cpus[i].has_thread)
			thread_back(vm->cpus[i].thread);
		vm->cpus[i].has_thread = false;
	}
	if (vm->has_worker)
		thread_back(vm->worker);
	vm->has_worker = false;
}

static int join(pthread_t thread)
{
	return pthread_join(thread, NULL);
}

void monitor_give_back_threads(struct r0_vm *vm, bool through)
{
	give_back(vm, through ? join : pthread_detach);
}

/* Make an ended machine ready to be started again. With control held and no thread running. */
static void make_ready(struct r0_vm *vm)
{
	pthread_mutex_lock(&vm->end_lock);
	give_back(vm, join);
	vm->has_outcome = false;
	pthread_mutex_unlock(&vm->end_lock);
	park_control_reset(&vm->park);
	wiring_pause(vm->devices, false);
	vm->state = MONITOR_READY;
}

static int start_cpus(struct r0_vm *vm)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < vm->options.cpus && !err; i++) {
		err = pthread_create(&vm->cpus[i].thread, NULL, monitor_cpu_thread, &vm->cpus[i]);
		vm->cpus[i].has_thread = !err;
	}
	return err;
}

static unsigned int count_threads(const struct r0_vm *vm)
{
	unsigned int count = vm->has_worker, i;

	for (i = 0; i < vm->options.cpus; i++)
		count += vm->cpus[i].has_thread;
	return count;
}

int monitor_start_threads(struct r0_vm *vm)
{
	unsigned int wanted = vm->options.cpus + 1;
	int err;

	pthread_mutex_lock(&vm->end_lock);
	vm->running = wanted;
	pthread_mutex_unlock(&vm->end_lock);
	/* Until the debugger lets them go. */
	if (vm->debug)
		park_hold(&vm->park, true);
	err = pthread_create(&vm->worker, NULL, monitor_io_thread, vm);
	vm->has_worker = !err;
	if (!err)
		err = start_cpus(vm);
	if (!err)
		return 0;
	/* Those that run end again. */
	pthread_mutex_lock(&vm->end_lock);
	vm->running -= wanted - count_threads(vm);
	pthread_mutex_unlock(&vm->end_lock);
	monitor_end(vm, &(struct r0_vm_outcome){ .end = R0_VM_KILLED });
	pthread_mutex_lock(&vm->end_lock);
	monitor_wait_for_threads(vm, -1);
	pthread_mutex_unlock(&vm->end_lock);
	make_ready(vm);
	return err;
}

int monitor_leave_end(struct r0_vm *vm, struct error *error)
{
	bool through;

	if (vm->state == MONITOR_READY || !park_is_killed(&vm->park))
		return 0;
	pthread_mutex_lock(&vm->end_lock);
	through = monitor_wait_for_threads(vm, (int)vm->options.park_limit_ms);
	pthread_mutex_unlock(&vm->end_lock);
	if (!through)
		return error_set(error, EBUSY, "the VM was killed, but its threads do not end");
	make_ready(vm);
	return 0;
}

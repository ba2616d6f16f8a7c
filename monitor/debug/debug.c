/* SPDX-License-Identifier: MIT */
/* The points of a debugger, and who has stopped: see debug.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/address.h"
#include "monitor/debug/points.h"
#include "monitor/rest.h"
#include "monitor/translate.h"
#include "monitor/virtual.h"

/* INT3, SDM vol. 2A; an instruction of one byte, so that it fits in the place of any. */
#define BREAKPOINT 0xcc

int monitor_debug_begin(struct r0_vm *vm, bool by_step, struct error *error)
{
	struct monitor_debug *debug;
	int err = 0;

	pthread_mutex_lock(&vm->control);
	if (vm->debug || vm->has_watch)
		err = error_set(error, EBUSY, "the VM has %s already",
				vm->debug ? "a debugger" : "watched variables");
	if (!err)
		err = monitor_need_rest(vm, "beginning to debug", error);
	if (err)
		goto unlock;
	err = -ENOMEM;
	debug = calloc(1, sizeof(*debug));
	if (!debug)
		goto unlock;
	debug->stop_evt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = debug->stop_evt < 0 ? error_set(error, errno, "eventfd: %s", strerror(errno)) :
				    debug_find_method(debug, by_step, error);
	if (err) {
		if (debug->stop_evt >= 0)
			close(debug->stop_evt);
		free(debug);
		goto unlock;
	}
	pthread_mutex_init(&debug->lock, NULL);
	vm->debug = debug;
unlock:
	pthread_mutex_unlock(&vm->control);
	return err;
}

const char *monitor_debug_method(const struct r0_vm *vm)
{
	return vm->debug->method;
}

int monitor_debug_fd(const struct r0_vm *vm)
{
	return vm->debug->stop_evt;
}

/* One that the guest has written over meanwhile is not ours any more. */
static void take_out(struct r0_vm *vm, size_t number)
{
	struct monitor_debug *debug = vm->debug;
	const struct debug_point *point = &debug->points[number];
	uint8_t now;

	if (point->way == DEBUG_BY_MEMORY && r0_vm_read(vm, point->physical, &now, 1, NULL) == 0 &&
	    now == BREAKPOINT)
		r0_vm_write(vm, point->physical, &point->byte, 1, NULL);
	debug->ways[point->way]--;
	debug->points[number] = debug->points[--debug->count];
}

void monitor_debug_clear(struct r0_vm *vm)
{
	while (vm->debug->count)
		take_out(vm, 0);
}

void monitor_debug_end(struct r0_vm *vm)
{
	struct monitor_debug *debug = vm->debug;
	unsigned int i;

	if (!debug)
		return;
	monitor_debug_clear(vm);
	for (i = 0; i < vm->options.cpus; i++) {
		monitor_debug_resume(vm, i, MONITOR_RUN, 0, 0);
		vm->cpus[i].debug.stopped = false;
	}
	vm->debug = NULL;
	close(debug->stop_evt);
	pthread_mutex_destroy(&debug->lock);
	free(debug);
}

/* Whether the point is still there: one that is gone meanwhile was not met. */
static bool has_point(const struct monitor_debug *debug, const struct monitor_stop *stop)
{
	size_t i;

	for (i = 0; i < debug->count; i++)
		if (debug->points[i].kind == stop->point &&
		    debug->points[i].address == stop->address)
			return true;
	return false;
}

bool monitor_debug_take(struct r0_vm *vm, struct monitor_stop *stop)
{
	struct monitor_debug *debug = vm->debug;
	const struct monitor_cpu *step = NULL;
	bool found = false;
	uint64_t times;
	unsigned int i;

	(void)!read(debug->stop_evt, &times, sizeof(times));
	pthread_mutex_lock(&debug->lock);
	for (i = 0; i < vm->options.cpus && !found; i++) {
		struct monitor_cpu *cpu = &vm->cpus[i];

		if (!cpu->debug.stopped)
			continue;
		cpu->debug.stopped = false;
		if (cpu->debug.stop.kind == MONITOR_STOP_STEP)
			step = cpu;
		else
			found = has_point(debug, &cpu->debug.stop);
		if (found)
			*stop = cpu->debug.stop;
	}
	if (!found && step)
		*stop = step->debug.stop;
	pthread_mutex_unlock(&debug->lock);
	return found || step;
}

static int check(enum monitor_point kind, uint64_t address, unsigned int length,
		 struct error *error)
{
	if (kind != MONITOR_POINT_WRITE)
		return 0;
	if ((length == 1 || length == 2 || length == 4 || length == 8) && !(address % length))
		return 0;
	return error_set(error, EINVAL, "%u bytes at %#llx can't be watched: 1, 2, 4 or 8, aligned",
			 length, (unsigned long long)address);
}

static int find_slot(const struct monitor_debug *debug, unsigned int *slot, struct error *error)
{
	bool used[DEBUG_SLOTS] = { false };
	size_t i;

	for (i = 0; i < debug->count; i++)
		if (debug->points[i].way == DEBUG_BY_CPU)
			used[debug->points[i].slot] = true;
	for (*slot = 0; *slot < DEBUG_SLOTS; (*slot)++)
		if (!used[*slot])
			return 0;
	return error_set(error, ENOSPC, "the CPU's %d debug registers are in use", DEBUG_SLOTS);
}

/* With memory that isn't mapped yet, as a kernel's before it turns paging on, the CPU has to find it. */
static bool put_in_memory(struct r0_vm *vm, struct monitor_cpu *cpu, struct debug_point *point)
{
	static const uint8_t breakpoint = BREAKPOINT;

	return monitor_translate(cpu, point->address, &point->physical) == 0 &&
	       r0_vm_read(vm, point->physical, &point->byte, 1, NULL) == 0 &&
	       r0_vm_write(vm, point->physical, &breakpoint, 1, NULL) == 0;
}

static int place(struct r0_vm *vm, struct monitor_cpu *cpu, struct debug_point *point,
		 struct error *error)
{
	const struct monitor_debug *debug = vm->debug;
	const bool is_write = point->kind == MONITOR_POINT_WRITE;

	if (is_write &&
	    monitor_read_virtual(cpu, point->address, &point->value, point->length) != 0)
		return error_set(error, EFAULT, "no memory is mapped at %#llx",
				 (unsigned long long)point->address);
	point->way = DEBUG_BY_STEP;
	if (!(is_write ? debug->by_register : debug->by_memory))
		return 0;
	point->way = DEBUG_BY_MEMORY;
	if (point->kind == MONITOR_POINT_CODE && put_in_memory(vm, cpu, point))
		return 0;
	point->way = DEBUG_BY_CPU;
	return find_slot(debug, &point->slot, error);
}

int monitor_debug_insert(struct r0_vm *vm, unsigned int cpu, enum monitor_point kind,
			 uint64_t address, unsigned int length, struct error *error)
{
	struct monitor_debug *debug = vm->debug;
	struct debug_point point = { .kind = kind, .address = address, .length = length };
	int err = check(kind, address, length, error);
	size_t i;

	if (err)
		return err;
	/* gdb says some twice, to be sure. */
	for (i = 0; i < debug->count; i++)
		if (debug->points[i].kind == kind && debug->points[i].address == address)
			return 0;
	if (debug->count == MONITOR_POINTS_MAX)
		return error_set(error, ENOSPC, "there are %d points already", MONITOR_POINTS_MAX);
	err = place(vm, &vm->cpus[cpu], &point, error);
	if (err)
		return err;
	debug->ways[point.way]++;
	debug->points[debug->count++] = point;
	return 0;
}

int monitor_debug_remove(struct r0_vm *vm, enum monitor_point kind, uint64_t address,
			 unsigned int length, struct error *error)
{
	struct monitor_debug *debug = vm->debug;
	size_t i;

	(void)length;
	for (i = 0; i < debug->count; i++) {
		if (debug->points[i].kind != kind || debug->points[i].address != address)
			continue;
		take_out(vm, i);
		return 0;
	}
	return error_set(error, ENOENT, "there is no such point at %#llx",
			 (unsigned long long)address);
}

void monitor_debug_hide(const struct r0_vm *vm, uint64_t physical, void *data, size_t size)
{
	const struct monitor_debug *debug = vm->debug;
	uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < debug->count; i++) {
		const struct debug_point *point = &debug->points[i];
		uint64_t offset = point->physical - physical;

		if (point->way == DEBUG_BY_MEMORY && offset < size && bytes[offset] == BREAKPOINT)
			bytes[offset] = point->byte;
	}
}

void monitor_debug_resume(struct r0_vm *vm, unsigned int number, enum monitor_action action,
			  uint64_t start, uint64_t end)
{
	struct monitor_cpu *cpu = &vm->cpus[number];

	/* That others stopped beside it is told once; that it had stepped meanwhile is of no use. */
	if (cpu->debug.stop.kind == MONITOR_STOP_STEP)
		cpu->debug.stopped = false;
	cpu->debug.action = action;
	cpu->debug.start = start;
	cpu->debug.end = end;
	park_hold_one(&cpu->seat, action == MONITOR_STAY);
}

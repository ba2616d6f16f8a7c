/* SPDX-License-Identifier: MIT */
/* Watched variables of a machine: what is asked for, and what came of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "monitor/freeze.h"
#include "monitor/rest.h"
#include "monitor/watch/watch_cpu.h"
#include "monitor/watch/watch_method.h"
#include "monitor/watch/watch_own.h"

_Static_assert(R0_VM_WATCHES == WATCH_SLOTS, "as the header says");
_Static_assert(R0_VM_TAG_SIZE == WATCH_TAG_SIZE, "as the header says");

/* Find out how, at the first request. With control held. */
static void choose_method(struct r0_vm *vm)
{
	if (vm->has_watch)
		return;
	vm->has_watch = true;
	if (vm->options.watch_by_step) {
		vm->watch.method = WATCH_SINGLE_STEP;
		snprintf(vm->watch_method, sizeof(vm->watch_method),
			 "single steps, as the VM's options say");
	} else {
		vm->watch.method = monitor_watch_method(vm->watch_method, sizeof(vm->watch_method));
	}
}

const char *r0_vm_watch_method(struct r0_vm *vm)
{
	const char *method;

	pthread_mutex_lock(&vm->control);
	method = vm->has_watch ? vm->watch_method : "nothing yet";
	pthread_mutex_unlock(&vm->control);
	return method;
}

/* Put a request in its slot, at rest. */
static int place(struct r0_vm *vm, unsigned int slot, const struct watch_request *request,
		 struct error *error)
{
	struct monitor_cpu *cpu = monitor_watch_mapping(vm, &request->point);
	struct monitor_watched *watched = &vm->hits.watched[slot];
	int err;

	if (!cpu)
		return error_set(error, EFAULT,
				 "no CPU's page tables map %#llx to memory: it can't be watched",
				 (unsigned long long)request->point.address);
	choose_method(vm);
	err = watch_request(&vm->watch, slot, request, error);
	if (err)
		return err;
	pthread_mutex_lock(&vm->hits.lock);
	watched->point = request->point;
	watched->gate = request->gate;
	watched->threshold = request->threshold;
	snprintf(watched->tag, sizeof(watched->tag), "%s", request->tag ? request->tag : "");
	vm->hits.last[slot] = monitor_watch_value(cpu, &request->point);
	pthread_mutex_unlock(&vm->hits.lock);
	return (int)slot;
}

static int find_slot(struct r0_vm *vm, bool gated, struct error *error)
{
	const unsigned int there = watch_own_slots(vm);
	unsigned int slot;

	if (gated && vm->hits.watched[WATCH_GATED].point.length)
		return error_set(error, EBUSY, "the gated watch is in use");
	if (!there)
		return error_set(error, ENOTSUP, "this KVM has no watchpoints");
	if (gated)
		return WATCH_GATED;
	for (slot = WATCH_USER_SLOT; slot < there; slot++)
		if (!vm->hits.watched[slot].point.length)
			return (int)slot;
	return error_set(error, ENOSPC, "all %u watches are in use", there - 1);
}

static int withdraw(struct r0_vm *vm, int number, struct error *error)
{
	struct monitor_watched *watched = &vm->hits.watched[number];

	if (!watched->point.length)
		return error_set(error, ENOENT, "there is no watch %d", number);
	watch_withdraw(&vm->watch, (unsigned int)number);
	pthread_mutex_lock(&vm->hits.lock);
	watched->point.length = 0;
	pthread_mutex_unlock(&vm->hits.lock);
	return 0;
}

/* Change the watches with the machine at rest; one that runs is frozen for it. */
static int change(struct r0_vm *vm, const struct watch_request *request, int number,
		  struct error *error)
{
	bool runs;
	int err;

	pthread_mutex_lock(&vm->control);
	runs = !monitor_at_rest(vm);
	if (vm->debug) {
		err = error_set(error, EBUSY, "the VM has a debugger: it watches");
		goto unlock;
	}
	err = runs ? monitor_freeze(vm, error) : 0;
	if (err)
		goto unlock;
	if (request) {
		err = find_slot(vm, request->gate != NULL, error);
		if (err >= 0)
			err = place(vm, (unsigned int)err, request, error);
	} else {
		err = withdraw(vm, number, error);
	}
	if (runs)
		monitor_thaw(vm);
unlock:
	pthread_mutex_unlock(&vm->control);
	return err;
}

int r0_vm_watch(struct r0_vm *vm, uint64_t address, unsigned int length, const char *tag,
		struct r0_error *error)
{
	const struct watch_request request = { .point = { address, length }, .tag = tag };
	int err = length ? watch_check(&request.point, monitor_error(error)) :
			   error_set(monitor_error(error), EINVAL, "a watch of no bytes");

	return err ? err : change(vm, &request, -1, monitor_error(error));
}

int r0_vm_watch_gated(struct r0_vm *vm, uint64_t address, unsigned int length, const char *tag,
		      const uint32_t *gate, uint32_t threshold, struct r0_error *error)
{
	const struct watch_request request = {
		.point = { address, length },
		.tag = tag,
		.gate = gate,
		.threshold = threshold,
	};
	int err;

	if (!gate || !length)
		return error_set(monitor_error(error), EINVAL,
				 "a gated watch without a gate, or of no bytes");
	err = watch_check(&request.point, monitor_error(error));
	return err ? err : change(vm, &request, -1, monitor_error(error));
}

int r0_vm_unwatch(struct r0_vm *vm, int watch, struct r0_error *error)
{
	if (watch < 0 || watch >= WATCH_SLOTS)
		return error_set(monitor_error(error), ENOENT, "there is no watch %d", watch);
	return change(vm, NULL, watch, monitor_error(error));
}

int r0_vm_hit_fd(const struct r0_vm *vm)
{
	return vm->watch.eventfd;
}

size_t r0_vm_hits(struct r0_vm *vm, struct r0_vm_hit *hits, size_t size)
{
	struct monitor_hits *all = &vm->hits;
	uint64_t times;
	size_t i;

	pthread_mutex_lock(&all->lock);
	for (i = 0; i < size && all->count; i++) {
		hits[i] = all->ring[all->first];
		all->first = (all->first + 1) % R0_VM_HITS_MAX;
		all->count--;
	}
	/* Nothing can come meanwhile. */
	if (!all->count)
		(void)!read(vm->watch.eventfd, &times, sizeof(times));
	pthread_mutex_unlock(&all->lock);
	return i;
}

uint64_t r0_vm_hits_lost(struct r0_vm *vm)
{
	uint64_t lost;

	pthread_mutex_lock(&vm->hits.lock);
	lost = vm->hits.lost;
	pthread_mutex_unlock(&vm->hits.lock);
	return lost;
}

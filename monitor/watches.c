/* SPDX-License-Identifier: MIT */
/*
 * Watched variables of a machine: requests, and what each vCPU's thread does for them. By single
 * steps, vCPUs take turns, each until its step's comparison is done, so that a change is put down to
 * the one that made it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "monitor/monitor.h"

_Static_assert(R0_VM_WATCHES == WATCH_SLOTS, "as the header says");
_Static_assert(R0_VM_TAG_SIZE == WATCH_TAG_SIZE, "as the header says");

static int set_guest_debug(void *context, const struct kvm_guest_debug *debug)
{
	struct monitor_cpu *cpu = context;
	struct kvm_guest_debug copy = *debug;
	int err = KVM_IOCTL(cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &copy, NULL);

	return err < 0 ? err : 0;
}

static int read_virtual(void *context, uint64_t address, void *data, size_t length)
{
	return monitor_read_virtual(context, address, data, length);
}

static void log_line(void *context, const char *text)
{
	const struct monitor_cpu *cpu = context;

	monitor_log(cpu->machine, "CPU %u: %s", cpu->number, text);
}

static const struct watch_ops watch_ops = {
	.set_guest_debug = set_guest_debug,
	.read = read_virtual,
	.log = log_line,
};

void monitor_watch_init(struct monitor_cpu *cpu)
{
	watch_cpu_init(&cpu->watch, &cpu->machine->watch, &watch_ops, cpu);
}

int monitor_watch_arm(struct monitor_cpu *cpu, struct error *error)
{
	pthread_mutex_t *turn = &cpu->machine->turn;
	int err;

	if (cpu->machine->watch.method != WATCH_SINGLE_STEP)
		return watch_arm(&cpu->watch, error);
	/* Arming takes the variables as they are now: not while another is between step and comparison. */
	pthread_mutex_lock(turn);
	err = watch_arm(&cpu->watch, error);
	pthread_mutex_unlock(turn);
	return err;
}

int monitor_watch_run(struct monitor_cpu *cpu, struct error *error)
{
	bool steps = cpu->machine->watch.method == WATCH_SINGLE_STEP && cpu->watch.armed.slots;
	const struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE |
							  KVM_GUESTDBG_SINGLESTEP };
	int err;

	/* Who waits in KVM for an interrupt changes nothing, and would keep all others waiting. */
	cpu->has_turn = steps && !monitor_waits(cpu);
	if (cpu->has_turn)
		pthread_mutex_lock(&cpu->machine->turn);
	/* KVM steps by RFLAGS.TF, and loses it where the guest loads its flags. */
	if (steps)
		set_guest_debug(cpu, &debug);
	err = vcpu_run(&cpu->vcpu, error);
	/* Nor is what another has just written, and not compared yet, to be put down to who waited. */
	if (steps && !cpu->has_turn && !err && cpu->vcpu.run->exit_reason == KVM_EXIT_DEBUG) {
		pthread_mutex_lock(&cpu->machine->turn);
		cpu->has_turn = true;
	}
	if (cpu->has_turn && (err || cpu->vcpu.run->exit_reason != KVM_EXIT_DEBUG)) {
		cpu->has_turn = false;
		pthread_mutex_unlock(&cpu->machine->turn);
	}
	return err;
}

static uint64_t read_value(struct monitor_cpu *cpu, const struct watch_point *point)
{
	uint64_t value = 0;

	if (monitor_read_virtual(cpu, point->address, &value, point->length) != 0)
		return 0;
	return value;
}

/* With hits.lock held. */
static void record(struct monitor_cpu *cpu, unsigned int slot)
{
	struct monitor_hits *hits = &cpu->machine->hits;
	const struct monitor_watched *watched = &hits->watched[slot];
	uint64_t value = read_value(cpu, &watched->point), old = hits->last[slot];
	struct r0_vm_hit *hit;

	hits->last[slot] = value;
	if (hits->count == R0_VM_HITS_MAX) {
		hits->lost++;
		return;
	}
	hit = &hits->ring[(hits->first + hits->count++) % R0_VM_HITS_MAX];
	*hit = (struct r0_vm_hit){
		.watch = (int)slot,
		.cpu = cpu->number,
		.address = watched->point.address,
		.old_value = old,
		.new_value = value,
		.ip = cpu->vcpu.run->debug.arch.pc,
	};
	memcpy(hit->tag, watched->tag, sizeof(hit->tag));
}

void monitor_watch_debug(struct monitor_cpu *cpu)
{
	struct r0_vm *vm = cpu->machine;
	unsigned int slot;

	/* One at a time, so that a slot is never latched while another's hit waits to be recorded. */
	pthread_mutex_lock(&vm->hits.lock);
	watch_dispatch(&cpu->watch, &cpu->vcpu.run->debug.arch);
	for (slot = 0; slot < WATCH_SLOTS; slot++)
		if (watch_take(&vm->watch, slot))
			record(cpu, slot);
	pthread_mutex_unlock(&vm->hits.lock);
	if (cpu->has_turn)
		pthread_mutex_unlock(&vm->turn);
	cpu->has_turn = false;
}

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
		vm->watch.method = monitor_probe_watch(vm->watch_method, sizeof(vm->watch_method));
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

/* A vCPU whose page tables map the place. */
static struct monitor_cpu *find_mapping(struct r0_vm *vm, const struct watch_point *point)
{
	uint8_t bytes[8];
	unsigned int i;

	for (i = 0; i < vm->options.cpus; i++)
		if (monitor_read_virtual(&vm->cpus[i], point->address, bytes, point->length) == 0)
			return &vm->cpus[i];
	return NULL;
}

/* Put a request in its slot, at rest. */
static int place(struct r0_vm *vm, unsigned int slot, const struct watch_request *request,
		 struct error *error)
{
	struct monitor_cpu *cpu = find_mapping(vm, &request->point);
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
	vm->hits.last[slot] = read_value(cpu, &request->point);
	pthread_mutex_unlock(&vm->hits.lock);
	return (int)slot;
}

static int find_slot(struct r0_vm *vm, bool gated, struct error *error)
{
	unsigned int slot;

	if (gated && vm->hits.watched[WATCH_GATED].point.length)
		return error_set(error, EBUSY, "the gated watch is in use");
	if (gated)
		return WATCH_GATED;
	for (slot = WATCH_USER_SLOT; slot < WATCH_SLOTS; slot++)
		if (!vm->hits.watched[slot].point.length)
			return (int)slot;
	return error_set(error, ENOSPC, "all %d watches are in use", WATCH_SLOTS - 1);
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

void monitor_watch_renew(struct r0_vm *vm)
{
	unsigned int slot;

	for (slot = 0; slot < WATCH_SLOTS; slot++) {
		const struct monitor_watched *watched = &vm->hits.watched[slot];
		const struct watch_request request = {
			.point = watched->point,
			.tag = watched->tag,
			.gate = watched->gate,
			.threshold = watched->threshold,
		};
		struct monitor_cpu *cpu;

		if (!watched->point.length)
			continue;
		/* It was taken before: it is again. */
		watch_request(&vm->watch, slot, &request, NULL);
		cpu = find_mapping(vm, &request.point);
		pthread_mutex_lock(&vm->hits.lock);
		if (cpu)
			vm->hits.last[slot] = read_value(cpu, &request.point);
		pthread_mutex_unlock(&vm->hits.lock);
	}
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

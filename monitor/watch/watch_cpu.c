/* SPDX-License-Identifier: MIT */
/*
 * What each vCPU's thread does for watched variables. By single steps, vCPUs take turns, each until its
 * step's comparison is done, so that a change is put down to the one that made it.
 */
#include "monitor/watch/watch_cpu.h"
#include <string.h>
#include <unistd.h>
#include "monitor/cpu.h"
#include "monitor/rest.h"
#include "monitor/virtual.h"
#include "monitor/watch/watch_own.h"

static int set_guest_debug(void *context, const struct kvm_guest_debug *debug)
{
	struct monitor_cpu *cpu = context;
	struct kvm_guest_debug copy = *debug;
	int err;

	watch_own_encode(cpu, &copy);
	err = KVM_IOCTL(cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &copy, NULL);
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

uint64_t monitor_watch_value(struct monitor_cpu *cpu, const struct watch_point *point)
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
	uint64_t value = monitor_watch_value(cpu, &watched->point), old = hits->last[slot];
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
		.ip = monitor_stopped_at(cpu),
	};
	memcpy(hit->tag, watched->tag, sizeof(hit->tag));
}

/* Of the slots that are hit: those whose store is done, and those for later. With hits.lock held. */
static void take_hits(struct monitor_cpu *cpu)
{
	struct r0_vm *vm = cpu->machine;
	struct monitor_store *store = &cpu->store;
	const unsigned int before = vm->hits.count;
	static const uint64_t one = 1;
	unsigned int slot;
	bool stored;

	for (slot = 0; slot < WATCH_SLOTS; slot++)
		if (watch_take(&vm->watch, slot))
			store->hits |= 1u << slot;
	if (cpu->watch.suspended)
		return;
	/* What was not executed yet is met once more. */
	stored = watch_own_stored(cpu);
	for (slot = 0; slot < WATCH_SLOTS; slot++)
		if (stored && store->hits >> slot & 1)
			record(cpu, slot);
	store->hits = 0;
	/* It may have been told of, and looked for, before it was there. */
	if (vm->hits.count != before)
		(void)!write(vm->watch.eventfd, &one, sizeof(one));
}

void monitor_watch_debug(struct monitor_cpu *cpu)
{
	struct r0_vm *vm = cpu->machine;
	struct kvm_debug_exit_arch exit = cpu->vcpu.run->debug.arch;
	unsigned int expected = 0;

	if (watch_own_serve(cpu, &exit, &expected))
		return;
	/* One at a time, so that a slot is never latched while another's hit waits to be recorded. */
	pthread_mutex_lock(&vm->hits.lock);
	if (!cpu->watch.suspended && !expected)
		cpu->store.at = monitor_stopped_at(cpu);
	if (expected)
		watch_expect(&cpu->watch, expected);
	else
		watch_dispatch(&cpu->watch, &exit);
	take_hits(cpu);
	pthread_mutex_unlock(&vm->hits.lock);
	if (cpu->has_turn)
		pthread_mutex_unlock(&vm->turn);
	cpu->has_turn = false;
}

struct monitor_cpu *monitor_watch_mapping(struct r0_vm *vm, const struct watch_point *point)
{
	uint8_t bytes[8];
	unsigned int i;

	for (i = 0; i < vm->options.cpus; i++)
		if (monitor_read_virtual(&vm->cpus[i], point->address, bytes, point->length) == 0)
			return &vm->cpus[i];
	return NULL;
}

void monitor_watch_forget_store(struct monitor_cpu *cpu)
{
	watch_forget_store(&cpu->watch);
	cpu->store = (struct monitor_store){ 0 };
}

void monitor_watch_renew(struct r0_vm *vm)
{
	unsigned int slot, i;

	for (i = 0; i < vm->options.cpus; i++)
		monitor_watch_forget_store(&vm->cpus[i]);
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
		cpu = monitor_watch_mapping(vm, &request.point);
		pthread_mutex_lock(&vm->hits.lock);
		if (cpu)
			vm->hits.last[slot] = monitor_watch_value(cpu, &request.point);
		pthread_mutex_unlock(&vm->hits.lock);
	}
}

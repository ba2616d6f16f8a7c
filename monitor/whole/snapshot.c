/* SPDX-License-Identifier: MIT */
/* Taking full snapshots and putting them back. */
#include "monitor/whole/snapshot.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/bitmap.h"
#include "base/checksum.h"
#include "kvm/state/state_bytes.h"
#include "monitor/cpu.h"
#include "monitor/rest.h"
#include "monitor/threads/threads.h"
#include "monitor/virtual.h"
#include "monitor/watch/watch_cpu.h"
#include "monitor/whole/snapshot_memory.h"

struct r0_vm_snapshot *snapshot_allocate(const struct snapshot_shape *shape, struct error *error)
{
	struct r0_vm_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	size_t words;

	if (!snapshot) {
		error_set(error, ENOMEM, "no memory for a snapshot");
		return NULL;
	}
	snapshot->shape = *shape;
	words = snapshot_words(snapshot);
	snapshot->cpus = calloc(shape->cpus, sizeof(struct vcpu_state *));
	snapshot->halted = calloc(shape->cpus, sizeof(bool));
	snapshot->has_entry = calloc(shape->cpus, sizeof(bool));
	snapshot->devices = calloc(1, shape->devices_size + 1);
	snapshot->cpu_text = calloc(1, shape->cpu_size + 1);
	snapshot->own = calloc(words, sizeof(uint64_t));
	snapshot->present = calloc(words, sizeof(uint64_t));
	snapshot->differs = calloc(words, sizeof(uint64_t));
	if (!snapshot->cpus || !snapshot->halted || !snapshot->has_entry || !snapshot->devices ||
	    !snapshot->cpu_text || !snapshot->own || !snapshot->present || !snapshot->differs) {
		r0_vm_snapshot_destroy(snapshot);
		error_set(error, ENOMEM, "no memory for a snapshot");
		return NULL;
	}
	return snapshot;
}

/* With control of the machine held. */
static void unlink_snapshot(struct r0_vm_snapshot *snapshot)
{
	struct r0_vm *vm = snapshot->vm;
	struct r0_vm_snapshot **link = &vm->snapshots;

	while (*link != snapshot)
		link = &(*link)->next;
	*link = snapshot->next;
	/* On failure KVM keeps track for nobody, which only costs. */
	if (!vm->snapshots) {
		pthread_mutex_lock(&vm->devices->lock);
		guest_memory_log(&vm->memory, false, NULL);
		pthread_mutex_unlock(&vm->devices->lock);
	}
	snapshot->vm = NULL;
}

void r0_vm_snapshot_destroy(struct r0_vm_snapshot *snapshot)
{
	struct r0_vm *vm = snapshot ? snapshot->vm : NULL;
	uint32_t i;

	if (!snapshot)
		return;
	if (vm) {
		pthread_mutex_lock(&vm->control);
		unlink_snapshot(snapshot);
		pthread_mutex_unlock(&vm->control);
	}
	for (i = 0; snapshot->cpus && i < snapshot->shape.cpus; i++)
		vcpu_state_destroy(snapshot->cpus[i]);
	vm_state_destroy(snapshot->chips);
	if (snapshot->base)
		memory_base_unmap(snapshot->base, snapshot->memory);
	memory_base_release(snapshot->base);
	free(snapshot->own);
	free(snapshot->cpus);
	free(snapshot->halted);
	free(snapshot->has_entry);
	free(snapshot->devices);
	free(snapshot->cpu_text);
	free(snapshot->present);
	free(snapshot->differs);
	free(snapshot);
}

void snapshot_forget_all(struct r0_vm *vm)
{
	struct r0_vm_snapshot *snapshot;

	for (snapshot = vm->snapshots; snapshot; snapshot = snapshot->next)
		snapshot->vm = NULL;
	vm->snapshots = NULL;
}

uint32_t snapshot_form(const struct r0_vm_options *options)
{
	return (options->pc ? FORM_PC : 0u) | (options->no_legacy ? FORM_NO_LEGACY : 0u) |
	       (options->test_devices ? FORM_TEST_DEVICES : 0u) |
	       (options->iommu ? FORM_IOMMU : 0u) |
	       (options->virtio_console ? FORM_VIRTIO_CONSOLE : 0u) |
	       (options->block ? FORM_BLOCK : 0u) | (options->net ? FORM_NET : 0u);
}

void r0_vm_snapshot_options(const struct r0_vm_snapshot *snapshot, struct r0_vm_options *options,
			    bool *block, bool *net)
{
	const struct snapshot_shape *shape = &snapshot->shape;

	options->cpus = shape->cpus;
	options->memory = shape->memory;
	options->irqchip = shape->irqchip != 0;
	options->split_irqchip = shape->irqchip == 2;
	options->pit = shape->pit;
	options->cpu = shape->cpu_size ? snapshot->cpu_text : NULL;
	options->pc = shape->form & FORM_PC;
	options->no_legacy = shape->form & FORM_NO_LEGACY;
	options->test_devices = shape->form & FORM_TEST_DEVICES;
	options->iommu = shape->form & FORM_IOMMU;
	options->virtio_console = shape->form & FORM_VIRTIO_CONSOLE;
	*block = shape->form & FORM_BLOCK;
	*net = shape->form & FORM_NET;
}

static struct snapshot_shape shape_of(struct r0_vm *vm)
{
	const struct bus *bus = &vm->devices->bus;
	uint64_t sum = CHECKSUM_START;
	size_t i;

	for (i = 0; i < bus->device_count; i++) {
		const char *name = bus->devices[i]->ops->name;

		sum = checksum(sum, name, strlen(name));
		sum = checksum(sum, &bus->devices[i]->registers_size, sizeof(size_t));
	}
	return (struct snapshot_shape){
		.cpus = vm->options.cpus,
		.irqchip = vm->options.irqchip + vm->options.split_irqchip,
		.pit = vm->options.pit,
		.devices_size = (uint32_t)wiring_state_size(vm->devices),
		.devices = sum,
		.memory = vm->options.memory,
		.form = vm->form,
		.cpu_size = vm->cpu_text ? (uint32_t)strlen(vm->cpu_text) : 0,
	};
}

static int take(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error)
{
	uint32_t i;
	int err = vm_state_create(&snapshot->chips, &vm->vm, error);

	for (i = 0; i < vm->options.cpus && !err; i++) {
		err = vcpu_state_create(&snapshot->cpus[i], &vm->cpus[i].vcpu, error);
		snapshot->halted[i] = atomic_load(&vm->cpus[i].halted);
		snapshot->has_entry[i] = vm->cpus[i].has_entry;
	}
	if (err)
		return err;
	err = wiring_settle(vm->devices, vm->options.park_limit_ms);
	if (err)
		return error_set(error, -err, "a device does not come to rest");
	wiring_save(vm->devices, snapshot->devices);
	return snapshot_take_memory(snapshot, vm, error);
}

int r0_vm_snapshot_take(struct r0_vm_snapshot **result, struct r0_vm *vm, struct r0_error *error)
{
	const struct snapshot_shape shape = shape_of(vm);
	struct r0_vm_snapshot *snapshot = snapshot_allocate(&shape, monitor_error(error));
	int err;

	if (!snapshot)
		return -ENOMEM;
	if (vm->cpu_text)
		memcpy(snapshot->cpu_text, vm->cpu_text, shape.cpu_size);
	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "a snapshot", monitor_error(error));
	if (!err)
		err = take(snapshot, vm, monitor_error(error));
	pthread_mutex_unlock(&vm->control);
	if (err)
		r0_vm_snapshot_destroy(snapshot);
	else
		*result = snapshot;
	return err;
}

static int check_shape(const struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error)
{
	const struct snapshot_shape *has = &snapshot->shape, needs = shape_of(vm);
	static const char *const irqchips[] = { "no", "an", "a split" };
	struct error why = { "" };
	uint32_t i;

	if (has->cpus != needs.cpus || has->memory != needs.memory)
		return error_set(error, EINVAL,
				 "a snapshot of %u CPUs and %llu KiB does not fit a VM of %u and "
				 "%llu KiB",
				 has->cpus, (unsigned long long)has->memory >> 10, needs.cpus,
				 (unsigned long long)needs.memory >> 10);
	if (has->irqchip != needs.irqchip || has->pit != needs.pit)
		return error_set(error, EINVAL,
				 "a snapshot with %s irqchip and %s PIT does not fit the VM",
				 irqchips[has->irqchip % 3], has->pit ? "a" : "no");
	if (has->devices != needs.devices || has->devices_size != needs.devices_size)
		return error_set(error, EINVAL,
				 "the snapshot's devices are not those that the VM has");
	for (i = 0; i < has->cpus; i++)
		if (vcpu_state_fits(snapshot->cpus[i], &vm->cpus[i].vcpu, &why) != 0)
			return error_set(error, EINVAL, "the snapshot's CPU %u %.200s", i,
					 why.text);
	return 0;
}

/* Another machine has another time: it goes on from that of the snapshot. */
static int take_time_over(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error)
{
	uint64_t shift = 0;
	uint32_t i;
	int err = vm_state_continue(snapshot->chips, &vm->vm, &shift, error);

	for (i = 0; i < vm->options.cpus && !err; i++) {
		vcpu_state_shift_tsc(snapshot->cpus[i], shift);
		err = vcpu_state_restore_tsc(snapshot->cpus[i], &vm->cpus[i].vcpu, error);
	}
	return err;
}

static int restore_parts(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error)
{
	bool is_another = snapshot->vm != vm;
	uint32_t i;
	int err = 0;

	/* Before memory: a nested guest has pages of it in use. */
	for (i = 0; i < vm->options.cpus && !err; i++)
		err = vcpu_state_clear(&vm->cpus[i].vcpu, vm->has_watch, error);
	if (!err)
		err = snapshot_restore_memory(snapshot, vm, error);
	if (err)
		return err;
	/* Devices set their interrupt lines; what the controllers made of that comes after. */
	wiring_restore(vm->devices, snapshot->devices);
	if (is_another)
		err = take_time_over(snapshot, vm, error);
	if (!err)
		err = vm_state_restore(snapshot->chips, &vm->vm, error);
	for (i = 0; i < vm->options.cpus && !err; i++) {
		struct monitor_cpu *cpu = &vm->cpus[i];

		err = monitor_restore_cpu(cpu, snapshot->cpus[i], error);
		atomic_store(&cpu->halted, snapshot->halted[i]);
		cpu->has_entry = snapshot->has_entry[i];
		cpu->by_device = false;
		monitor_recapture(cpu);
	}
	if (!err)
		err = vm_state_restore_after_cpus(snapshot->chips, &vm->vm, error);
	monitor_watch_renew(vm);
	return err;
}

/* What is part of the one and part of the other is no machine: it ends, or is not to be started. */
static int restore(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error)
{
	struct r0_vm_outcome outcome = { .end = R0_VM_FATAL, .cpu = R0_VM_NO_CPU, .exit_code = 1 };
	struct error why = { "" };
	int err = restore_parts(snapshot, vm, &why);
	uint32_t i;

	if (!err)
		return 0;
	for (i = 0; i < vm->options.cpus; i++)
		vm->cpus[i].has_entry = false;
	snprintf(outcome.reason, sizeof(outcome.reason), "restoring a snapshot failed: %.200s",
		 why.text);
	monitor_end(vm, &outcome);
	return error_set(error, -err, "%s; the VM is no longer what it was, and ended", why.text);
}

int r0_vm_snapshot_restore(struct r0_vm_snapshot *snapshot, struct r0_vm *vm,
			   struct r0_error *error)
{
	int err;

	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "restoring a snapshot", monitor_error(error));
	if (!err)
		err = check_shape(snapshot, vm, monitor_error(error));
	if (!err)
		err = monitor_leave_end(vm, monitor_error(error));
	if (!err)
		err = restore(snapshot, vm, monitor_error(error));
	pthread_mutex_unlock(&vm->control);
	return err;
}

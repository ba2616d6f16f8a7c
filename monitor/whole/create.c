/* SPDX-License-Identifier: MIT */
/* Machines: making, starting and releasing them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "monitor/cpu.h"
#include "monitor/rest.h"
#include "monitor/threads/assistance.h"
#include "monitor/threads/threads.h"
#include "monitor/watch/watch_cpu.h"
#include "monitor/whole/reset.h"
#include "monitor/whole/snapshot.h"

#define DEFAULT_MEMORY	      (16ul << 20)
#define DEFAULT_PARK_LIMIT_MS 30000

/* Options as they count, or what is wrong with them. */
static int take_options(struct r0_vm_options *options, const struct r0_vm_options *given,
			struct error *error)
{
	*options = given ? *given : (struct r0_vm_options){ 0 };
	if (!options->cpus)
		options->cpus = 1;
	if (!options->memory)
		options->memory = DEFAULT_MEMORY;
	if (!options->park_limit_ms)
		options->park_limit_ms = DEFAULT_PARK_LIMIT_MS;
	if (options->cpus > R0_VM_CPUS_MAX)
		return error_set(error, EINVAL, "a VM can't have %u CPUs: %d at most",
				 options->cpus, R0_VM_CPUS_MAX);
	if (options->watch_by_step && !monitor_can_step())
		return error_set(error, ENOTSUP, "watching by single steps is x86's");
	return 0;
}

static void finish_cpu(struct monitor_cpu *cpu)
{
	assistance_finish(cpu);
	pthread_mutex_destroy(&cpu->kick_lock);
	park_seat_finish(&cpu->seat);
	vcpu_finish(&cpu->vcpu);
}

static int make_cpu(struct r0_vm *vm, unsigned int number, struct error *error)
{
	struct monitor_cpu *cpu = &vm->cpus[number];
	int err;

	cpu->machine = vm;
	cpu->number = number;
	err = vcpu_init(&cpu->vcpu, &vm->vm, number, monitor_identity(vm), error);
	if (err < 0)
		return err;
	err = monitor_init_cpu(cpu, error);
	if (!err)
		err = park_seat_init(&cpu->seat, &vm->park, error);
	if (err) {
		vcpu_finish(&cpu->vcpu);
		return err;
	}
	pthread_mutex_init(&cpu->kick_lock, NULL);
	vm->seats[number] = &cpu->seat;
	monitor_watch_init(cpu);
	cpu->has_entry = monitor_needs_no_entry(vm, number);
	return 0;
}

static void finish_cpus(struct r0_vm *vm, unsigned int count)
{
	while (count--)
		finish_cpu(&vm->cpus[count]);
	free(vm->cpus);
}

static int make_cpus(struct r0_vm *vm, struct error *error)
{
	unsigned int i;
	int err = 0;

	vm->cpus = calloc(vm->options.cpus, sizeof(*vm->cpus));
	if (!vm->cpus)
		return error_set(error, ENOMEM, "no memory for %u CPUs", vm->options.cpus);
	for (i = 0; i < vm->options.cpus && !err; i++)
		err = make_cpu(vm, i, error);
	if (err)
		finish_cpus(vm, i - 1);
	return err;
}

static void init_locks(struct r0_vm *vm)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&vm->control, NULL);
	pthread_mutex_init(&vm->turn, NULL);
	pthread_mutex_init(&vm->hits.lock, NULL);
	pthread_mutex_init(&vm->end_lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&vm->ended, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void finish_locks(struct r0_vm *vm)
{
	pthread_cond_destroy(&vm->ended);
	pthread_mutex_destroy(&vm->end_lock);
	pthread_mutex_destroy(&vm->hits.lock);
	pthread_mutex_destroy(&vm->turn);
	pthread_mutex_destroy(&vm->control);
}

/* What its own thread does, it sees before it runs again. */
static void kick_first(void *context)
{
	struct r0_vm *vm = context;
	const pid_t self = (pid_t)syscall(SYS_gettid);

	if (vm->cpus && __atomic_load_n(&vm->cpus[0].vcpu.thread, __ATOMIC_SEQ_CST) != self)
		monitor_kick(&vm->cpus[0]);
}

static int make_machine(struct r0_vm *vm, struct error *error)
{
	const struct vm_options options = { .irqchip = vm->options.irqchip,
					    .split = vm->options.split_irqchip,
					    .pit = vm->options.pit && !vm->options.split_irqchip,
					    .cpu = vm->options.cpu };
	int err = kvm_create(&vm->kvm, error);

	if (err)
		return err;
	err = vm_init(&vm->vm, vm->kvm, &options, error);
	if (err)
		goto kvm;
	err = guest_memory_init(&vm->memory, &vm->vm, vm->options.memory, error);
	if (err)
		goto vm;
	err = wiring_create(&vm->devices, &vm->options, &vm->vm, &vm->memory, error);
	if (err)
		goto memory;
	vm->devices->kick = kick_first;
	vm->devices->kick_context = vm;
	err = park_control_init(&vm->park, error);
	if (err)
		goto devices;
	err = watch_init(&vm->watch, WATCH_HARDWARE, error);
	if (err)
		goto park;
	err = make_cpus(vm, error);
	if (err)
		goto watch;
	err = vm_start(&vm->vm, error);
	if (err >= 0)
		err = pristine_create(&vm->pristine, vm, error);
	if (!err)
		return 0;
	finish_cpus(vm, vm->options.cpus);
watch:
	watch_finish(&vm->watch);
park:
	park_control_finish(&vm->park);
devices:
	wiring_destroy(vm->devices);
memory:
	guest_memory_finish(&vm->memory);
vm:
	vm_finish(&vm->vm);
kvm:
	kvm_destroy(vm->kvm);
	return err;
}

int r0_vm_create(struct r0_vm **result, const struct r0_vm_options *options, struct r0_error *error)
{
	struct r0_vm *vm = calloc(1, sizeof(*vm));
	int err;

	if (!vm)
		return error_set(monitor_error(error), ENOMEM, "no memory for a VM");
	err = take_options(&vm->options, options, monitor_error(error));
	if (!err && vm->options.cpu && strlen(vm->options.cpu) > CPU_TEXT_MAX)
		err = error_set(monitor_error(error), EINVAL, "more than %d bytes on a VM's CPU",
				CPU_TEXT_MAX);
	if (!err && vm->options.cpu) {
		vm->cpu_text = strdup(vm->options.cpu);
		if (!vm->cpu_text)
			err = error_set(monitor_error(error), ENOMEM, "no memory for a VM");
	}
	if (!err)
		err = make_machine(vm, monitor_error(error));
	if (err) {
		free(vm->cpu_text);
		free(vm);
		return err;
	}
	vm->form = snapshot_form(&vm->options);
	/* They stay the caller's for no longer than this call. */
	vm->options.block = NULL;
	vm->options.net = NULL;
	vm->options.files = NULL;
	vm->options.cpu = NULL;
	init_locks(vm);
	*result = vm;
	return 0;
}

/* With no thread left. */
static void release(struct r0_vm *vm)
{
	pristine_destroy(vm->pristine);
	finish_cpus(vm, vm->options.cpus);
	watch_finish(&vm->watch);
	park_control_finish(&vm->park);
	wiring_destroy(vm->devices);
	guest_memory_finish(&vm->memory);
	vm_finish(&vm->vm);
	kvm_destroy(vm->kvm);
	finish_locks(vm);
	free(vm->cpu_text);
	free(vm);
}

void r0_vm_destroy(struct r0_vm *vm)
{
	bool through;

	if (!vm)
		return;
	monitor_kill(vm);
	/* Now, as its threads may outlive this call. */
	snapshot_forget_all(vm);
	pthread_mutex_lock(&vm->end_lock);
	through = monitor_wait_for_threads(vm, (int)vm->options.park_limit_ms);
	monitor_give_back_threads(vm, through);
	if (!through) {
		monitor_log(vm, "KVM does not let go of a VM: its threads and memory stay");
		vm->abandoned = release;
	}
	pthread_mutex_unlock(&vm->end_lock);
	if (through)
		release(vm);
}

static int check_entries(const struct r0_vm *vm, struct error *error)
{
	unsigned int i;

	for (i = 0; i < vm->options.cpus; i++)
		if (!vm->cpus[i].has_entry)
			return error_set(error, EINVAL,
					 "nothing starts CPU %u: set its entry by r0_vm_enter(), "
					 "or give the VM an irqchip",
					 i);
	return 0;
}

static int start(struct r0_vm *vm, struct error *error)
{
	int err = check_entries(vm, error);

	if (err)
		return err;
	err = monitor_start_threads(vm);
	if (err)
		return error_set(error, err, "no threads for a VM's CPUs: %s", strerror(err));
	vm->state = MONITOR_STARTED;
	return 0;
}

int r0_vm_start(struct r0_vm *vm, struct r0_error *error)
{
	int err;

	pthread_mutex_lock(&vm->control);
	if (vm->state == MONITOR_READY)
		err = start(vm, monitor_error(error));
	else
		err = error_set(monitor_error(error), EALREADY, "the VM was started already");
	pthread_mutex_unlock(&vm->control);
	return err;
}

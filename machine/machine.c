/* SPDX-License-Identifier: MIT */
/* Machines, made from a template of the program. */
#include "machine/machine.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/private/abi.h>
#include "assist/assist.h"
#include "machine/guest_registers.h"
#include "machine/machine_own.h"

static int check_cpus(const struct template *template, const struct machine_options *options,
		      struct error *error)
{
	int most = ioctl(template->kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);

	if (options->cpus > R0_CPU_LIMIT)
		return error_set(error, E2BIG,
				 "it asks for %u CPUs (.cpus), and ring0 gives a test at most %u",
				 options->cpus, R0_CPU_LIMIT);
	if (most > 0 && options->cpus > (unsigned int)most)
		return error_set(
			error, E2BIG,
			"it asks for %u CPUs (.cpus), and this host's KVM gives a VM at most %d",
			options->cpus, most);
	if (options->cpus > template->entry.cpus)
		return error_set(error, E2BIG, "the template is for %u CPUs, not %u",
				 template->entry.cpus, options->cpus);
	return 0;
}

/*
 * In the thread that runs it: from another, KVM would have to move the vCPU there and back. What its next
 * KVM_RUN would set is set now, as it would undo the NMIs and INITs that come before that.
 */
static void reset_other(void *context, unsigned int number)
{
	struct machine *machine = context;
	struct machine_cpu *cpu = &machine->cpus[number];

	if (cpu->assist)
		assist_reset(cpu->assist);
	if (vcpu_state_restore_changes(cpu->state, &cpu->vcpu, &cpu->trouble) == 0 &&
	    !vcpu_complete(&cpu->vcpu))
		error_set(&cpu->trouble, EIO, "KVM does not bring CPU %u to rest", number);
	cpu->changed = false;
}

/* Begin to put back all CPUs but the first: those that ran, or were sent something. */
static int start_resets(struct machine *machine, struct error *error)
{
	unsigned int i;
	int holds = 0;

	for (i = 1; i < machine->cpu_count && holds >= 0; i++) {
		struct machine_cpu *cpu = &machine->cpus[i];

		holds = cpu->changed ? 0 : vcpu_state_holds(cpu->state, &cpu->vcpu, error);
		if (!holds)
			cpu_threads_start(machine->threads, i, reset_other, machine);
	}
	return holds < 0 ? holds : 0;
}

static int finish_resets(struct machine *machine, struct error *error)
{
	unsigned int i;

	if (machine->threads)
		cpu_threads_wait(machine->threads);
	for (i = 1; i < machine->cpu_count; i++)
		if (machine->cpus[i].trouble.text[0])
			return error_set(error, EIO, "%s", machine->cpus[i].trouble.text);
	return 0;
}

static int reset_others(struct machine *machine, struct error *error)
{
	int err = start_resets(machine, error), finished = finish_resets(machine, error);

	return err ? err : finished;
}

/* What is pristine, once all of it is made. */
static int take_states(struct machine *machine, struct error *error)
{
	unsigned int i;
	int err = 0;

	if (machine->vm.irqchip && !machine->vm.split)
		err = interrupt_devices_create(&machine->devices, &machine->vm, &machine->bus,
					       error);
	for (i = 0; i < machine->cpu_count && !err; i++) {
		struct machine_cpu *cpu = &machine->cpus[i];

		err = vcpu_state_create(&cpu->state, &cpu->vcpu, error);
		cpu->changed = true;
	}
	if (!err)
		err = vcpu_state_restore(machine->cpus[0].state, &machine->cpus[0].vcpu, error);
	return err ? err : reset_others(machine, error);
}

/* What the guest reads of its registers when all is pristine. */
static int take_registers(struct machine *machine, struct guest_registers **list,
			  struct error *error)
{
	unsigned int i;
	int err = 0;

	if (!*list)
		err = guest_registers_find(list, &machine->cpus[0], error);
	if (!err)
		err = machine_reset(machine, error);
	for (i = 0; i < machine->cpu_count && !err; i++) {
		machine->cpus[i].changed = true;
		err = guest_registers_copy(&machine->cpus[i].registers, *list, &machine->cpus[i],
					   error);
	}
	return err ? err : machine_reset(machine, error);
}

int machine_init(struct machine *machine, const struct template *template,
		 const struct machine_options *options, struct error *error)
{
	/* CPUs reach each other by their local APICs, and need nothing more of a PC; on arm64 by the GIC. */
	const struct vm_options vm = {
		.irqchip = options->irqchip || options->cpus > 1,
		.split = !options->irqchip,
		.pit = options->irqchip,
	};
	unsigned int i;
	int err;

	*machine = (struct machine){ .template = template };
	bus_init(&machine->bus);
	machine->bus.strict = true;
	err = check_cpus(template, options, error);
	if (err)
		return err;
	machine->cpus = calloc(options->cpus, sizeof(machine->cpus[0]));
	if (!machine->cpus)
		return error_set(error, ENOMEM, "no memory");
	err = vm_init(&machine->vm, template->kvm, &vm, error);
	if (err)
		goto cpus;
	machine->halts_inside = machine_own_halts_inside(machine);
	err = machine_own_declare(machine, options, error);
	if (err)
		goto vm;
	err = memory_init(&machine->memory, template->mirror, &machine->vm, error);
	if (err)
		goto vm;
	for (i = 0; i < options->cpus && !err; i++) {
		machine->cpus[i].machine = machine;
		err = machine_own_cpu(machine, options, error);
	}
	if (!err && options->cpus > 1)
		err = cpu_threads_create(&machine->threads, options->cpus - 1, error);
	if (!err)
		err = take_states(machine, error);
	if (!err && options->registers)
		err = take_registers(machine, options->registers, error);
	if (!err)
		return 0;
	machine_finish(machine);
	return err;
vm:
	vm_finish(&machine->vm);
cpus:
	free(machine->cpus);
	return err;
}

void machine_finish(struct machine *machine)
{
	unsigned int i;

	cpu_threads_destroy(machine->threads);
	for (i = 0; i < machine->cpu_count; i++) {
		assist_destroy(machine->cpus[i].assist);
		guest_registers_destroy(machine->cpus[i].registers);
		vcpu_state_destroy(machine->cpus[i].state);
		vcpu_finish(&machine->cpus[i].vcpu);
	}
	free(machine->cpus);
	interrupt_devices_destroy(machine->devices);
	memory_finish(&machine->memory);
	vm_finish(&machine->vm);
}

void machine_kick(struct machine *machine)
{
	unsigned int i;

	for (i = 0; i < machine->cpu_count; i++)
		vcpu_kick(&machine->cpus[i].vcpu);
}

void machine_on_cpu(struct machine *machine, unsigned int number,
		    void (*call)(void *context, unsigned int number), void *context)
{
	if (!number) {
		call(context, number);
		return;
	}
	cpu_threads_start(machine->threads, number, call, context);
	cpu_threads_wait(machine->threads);
}

static int reset_first(struct machine_cpu *cpu, bool lightly, struct error *error)
{
	if (cpu->assist)
		assist_reset(cpu->assist);
	return lightly ? vcpu_state_restore_lightly(cpu->state, &cpu->vcpu, error) :
			 vcpu_state_restore_changes(cpu->state, &cpu->vcpu, error);
}

static int reset(struct machine *machine, bool lightly, struct error *error)
{
	int err = memory_reset(&machine->memory, error), finished;

	if (!err)
		machine_own_note_memory(machine);
	/* What may interrupt the vCPUs comes before them. */
	if (!err && machine->devices)
		err = interrupt_devices_reset(machine->devices, error);
	/* Side by side. */
	if (!err)
		err = start_resets(machine, error);
	if (!err)
		err = reset_first(&machine->cpus[0], lightly, error);
	finished = finish_resets(machine, error);
	machine->bus.unhandled_count = 0;
	machine->bus.changed = false;
	return err ? err : finished;
}

int machine_reset(struct machine *machine, struct error *error)
{
	return reset(machine, false, error);
}

int machine_reset_lightly(struct machine *machine, struct error *error)
{
	return reset(machine, true, error);
}

struct comparison {
	struct machine *machine;
	bool by_guest;
	char *what;
	size_t size;
	struct error *error;
	int differs;
};

/* What a CPU's state is to KVM, or what the guest reads of it, which runs the CPU. */
static void compare_cpu(void *context, unsigned int number)
{
	struct comparison *comparison = context;
	struct machine_cpu *cpu = &comparison->machine->cpus[number];

	cpu->changed |= comparison->by_guest;
	comparison->differs = comparison->by_guest ?
				      guest_registers_differ(cpu->registers, cpu, comparison->what,
							     comparison->size, comparison->error) :
				      vcpu_state_differs(cpu->state, &cpu->vcpu, comparison->what,
							 comparison->size, comparison->error);
}

/* Of several CPUs, the one that differs is named. */
static int cpus_differ(struct machine *machine, bool by_guest, char *what, size_t size,
		       struct error *error)
{
	struct comparison comparison = {
		.machine = machine,
		.by_guest = by_guest,
		.error = error,
	};
	unsigned int i;

	for (i = 0; i < machine->cpu_count && !comparison.differs; i++) {
		size_t prefix = 0;

		if (machine->cpu_count > 1)
			prefix = (size_t)snprintf(what, size, "CPU %u: ", i);
		comparison.what = what + prefix;
		comparison.size = size - prefix;
		machine_on_cpu(machine, i, compare_cpu, &comparison);
	}
	return comparison.differs;
}

int machine_differs(struct machine *machine, char *what, size_t size, struct error *error)
{
	int differs = cpus_differ(machine, false, what, size, error);

	if (!differs && machine->devices)
		differs = interrupt_devices_differ(machine->devices, what, size, error);
	if (!differs)
		differs = memory_differs(&machine->memory, what, size);
	if (differs || !machine->cpus[0].registers)
		return differs;
	differs = cpus_differ(machine, true, what, size, error);
	return differs ? differs : machine_reset(machine, error);
}

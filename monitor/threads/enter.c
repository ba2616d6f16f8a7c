/* SPDX-License-Identifier: MIT */
/* How a machine's vCPUs start, and their registers, as <ring0/vm.h> has them. */
#include "monitor/threads/enter.h"
#include "monitor/rest.h"
#include "monitor/virtual.h"
#include "monitor/watch/watch_cpu.h"

/* Whoever looks at it, or at watched variables, is to see it as it is now. */
static void note_change(struct monitor_cpu *cpu)
{
	monitor_recapture(cpu);
	monitor_watch_renew(cpu->machine);
}

int r0_vm_enter(struct r0_vm *vm, unsigned int cpu, const struct r0_vm_entry *entry,
		struct r0_error *error)
{
	int err = monitor_need_cpu(vm, cpu, monitor_error(error));

	if (!err)
		err = monitor_check_entry(entry, monitor_error(error));
	if (err)
		return err;
	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "setting the entry", monitor_error(error));
	if (!err)
		err = monitor_enter(&vm->cpus[cpu], entry, monitor_error(error));
	if (!err) {
		atomic_store(&vm->cpus[cpu].halted, false);
		vm->cpus[cpu].has_entry = true;
		note_change(&vm->cpus[cpu]);
	}
	pthread_mutex_unlock(&vm->control);
	return err;
}

int r0_vm_get_registers(struct r0_vm *vm, unsigned int cpu, struct r0_vm_registers *registers,
			struct r0_error *error)
{
	int err = monitor_need_cpu(vm, cpu, monitor_error(error));

	if (err)
		return err;
	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "reading registers", monitor_error(error));
	if (!err)
		err = monitor_get_registers(&vm->cpus[cpu], registers, monitor_error(error));
	pthread_mutex_unlock(&vm->control);
	return err;
}

int r0_vm_set_registers(struct r0_vm *vm, unsigned int cpu, const struct r0_vm_registers *registers,
			struct r0_error *error)
{
	int err = monitor_need_cpu(vm, cpu, monitor_error(error));

	if (err)
		return err;
	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "setting registers", monitor_error(error));
	if (!err)
		err = monitor_set_registers(&vm->cpus[cpu], registers, monitor_error(error));
	if (!err) {
		monitor_watch_forget_store(&vm->cpus[cpu]);
		note_change(&vm->cpus[cpu]);
	}
	pthread_mutex_unlock(&vm->control);
	return err;
}

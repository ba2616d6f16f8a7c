/* SPDX-License-Identifier: MIT */
/* A vCPU's registers, while its machine is at rest: see registers_x86_64.h. */
#include "monitor/debug/registers_x86_64.h"
#include "monitor/rest.h"
#include "monitor/virtual.h"

static int begin(struct r0_vm *vm, unsigned int cpu, struct error *error)
{
	int err = monitor_need_cpu(vm, cpu, error);

	if (err)
		return err;
	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "getting at registers", error);
	if (err)
		pthread_mutex_unlock(&vm->control);
	return err;
}

int monitor_registers_get(struct r0_vm *vm, unsigned int cpu, struct all_registers *registers,
			  struct error *error)
{
	int err = begin(vm, cpu, error);

	if (err)
		return err;
	err = all_registers_get(&vm->cpus[cpu].vcpu, registers, error);
	pthread_mutex_unlock(&vm->control);
	return err;
}

int monitor_registers_set(struct r0_vm *vm, unsigned int cpu, const struct all_registers *registers,
			  struct error *error)
{
	int err = begin(vm, cpu, error);

	if (err)
		return err;
	err = all_registers_set(&vm->cpus[cpu].vcpu, registers, error);
	monitor_recapture(&vm->cpus[cpu]);
	pthread_mutex_unlock(&vm->control);
	return err;
}

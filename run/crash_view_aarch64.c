/* SPDX-License-Identifier: MIT */
/* What a crash report sees of a stopped machine on arm64. */
#include "kvm/vcpu/vcpu_aarch64.h"
#include "machine/cpu.h"
#include "run/crash_view_own.h"
#include "run/system_aarch64.h"

#define INSTRUCTION_LENGTH 4

void crash_view_own_cpu(struct crash_view *view, const struct machine_cpu *cpu)
{
	system_read(cpu, view->system);
}

void crash_view_own_registers(struct crash_view *view, const struct machine_cpu *cpu)
{
	view->regs = cpu_registers(cpu);
	system_read(cpu, view->system);
	vcpu_get(&cpu->vcpu, VCPU_FAR_EL1, &view->fault_address, NULL);
}

void crash_view_own_before_halt(struct crash_view *view)
{
	view->regs.regs.pc -= INSTRUCTION_LENGTH;
}

/* PC is at an access that left the VM, and behind a WFI. */
uint64_t crash_view_own_place(const struct run *run)
{
	return run->halted ? run->regs.regs.pc - INSTRUCTION_LENGTH : run->regs.regs.pc;
}

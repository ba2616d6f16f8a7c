/* SPDX-License-Identifier: MIT */
/* What a vCPU's thread and a snapshot need to know of x86. */
#include <string.h>
#include "kvm/vcpu/vcpu_x86_64.h"
#include "monitor/cpu.h"
#include "monitor/virtual.h"
#include "monitor/vmport.h"
#include "monitor/wiring/wiring_hyperv.h"

/*
 * Kernels on a PC look for it before they use a VM's ports, as for power-off, or KVM's clock. A description
 * of the CPUs has its own word on it.
 */
const struct vcpu_identity *monitor_identity(const struct r0_vm *vm)
{
	static const struct vcpu_identity in_a_vm = { .hypervisor = true };

	return vm->options.pc && !vm->options.cpu ? &in_a_vm : NULL;
}

bool monitor_can_step(void)
{
	return true;
}

/* The first CPU starts by itself; so do all, where nothing holds the others back. */
bool monitor_needs_no_entry(const struct r0_vm *vm, unsigned int number)
{
	return !number || vm->options.irqchip;
}

int monitor_init_cpu(struct monitor_cpu *cpu, struct error *error)
{
	(void)cpu;
	(void)error;
	return 0;
}

/* kvm-amd resets a CPU that shuts down (its shutdown_interception()): then this is what is known of it. */
static void keep_registers(struct vcpu *vcpu)
{
	const struct kvm_sync_regs *regs = &vcpu->run->s.regs;

	vcpu->own->last_regs = regs->regs;
	vcpu->own->last_sregs = regs->sregs;
	vcpu->own->has_last = true;
}

bool monitor_serve_own(struct monitor_cpu *cpu)
{
	struct kvm_run *run = cpu->vcpu.run;

	if (run->exit_reason != KVM_EXIT_SHUTDOWN)
		keep_registers(&cpu->vcpu);
	if (vmport_serve(cpu) ||
	    wiring_hyperv_serve(cpu->machine->devices, cpu->number, &cpu->vcpu))
		return true;
	if (run->exit_reason != KVM_EXIT_X86_RDMSR && run->exit_reason != KVM_EXIT_X86_WRMSR)
		return false;
	/* One that KVM does not know: #GP, as on hardware. */
	run->msr.error = 1;
	return true;
}

/* As of the last exit. */
static uint64_t linear_ip(const struct monitor_cpu *cpu)
{
	const struct kvm_sync_regs *regs = &cpu->vcpu.run->s.regs;

	return regs->sregs.cs.l ? regs->regs.rip : (uint32_t)(regs->sregs.cs.base + regs->regs.rip);
}

bool monitor_waits(struct monitor_cpu *cpu)
{
	struct kvm_mp_state state;
	uint8_t opcode;

	if (cpu->vcpu.vm->irqchip && (KVM_IOCTL(cpu->vcpu.fd, KVM_GET_MP_STATE, &state, NULL) < 0 ||
				      state.mp_state != KVM_MP_STATE_RUNNABLE))
		return true;
	/* HLT. What delivers the interrupt that ends it runs without a turn. */
	return monitor_read_virtual(cpu, linear_ip(cpu), &opcode, 1) == 0 && opcode == 0xf4;
}

uint64_t monitor_stopped_at(const struct monitor_cpu *cpu)
{
	return cpu->vcpu.run->debug.arch.pc;
}

int monitor_restore_cpu(struct monitor_cpu *cpu, const struct vcpu_state *state,
			struct error *error)
{
	struct kvm_run *run = cpu->vcpu.run;
	struct kvm_sync_regs *regs = &run->s.regs;
	int fd = cpu->vcpu.fd, err;

	/* It leaves out what is there as of the last exit, and others may have set it since. */
	memset(regs, 0xff, sizeof(*regs));
	err = vcpu_state_restore(state, &cpu->vcpu, error);
	/*
	 * What it leaves to the next KVM_RUN goes in now: a vCPU that waits to be started would take it
	 * after that, over where it is to start.
	 */
	run->kvm_dirty_regs = 0;
	if (err >= 0)
		err = KVM_IOCTL(fd, KVM_SET_SREGS, &regs->sregs, error);
	if (err >= 0)
		err = KVM_IOCTL(fd, KVM_SET_REGS, &regs->regs, error);
	if (err >= 0)
		err = KVM_IOCTL(fd, KVM_SET_VCPU_EVENTS, &regs->events, error);
	return err < 0 ? err : vcpu_state_restore_nested(state, &cpu->vcpu, error);
}

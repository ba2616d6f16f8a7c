/* SPDX-License-Identifier: MIT */
/* Kernels that have halted, on arm64: each CPU at a WFI, or off. */
#include <ring0/arm64/gic.h>
#include "boot/halt.h"
#include "kvm/vcpu/vcpu_aarch64.h"
#include "kvm/vm/gic_aarch64.h"
#include "monitor/rest.h"
#include "monitor/translate.h"

#define WFI 0xd503207fu

/* CNTV_CTL_EL0, CNTP_CTL_EL0: Arm ARM (DDI 0487), D19.12.26. */
#define TIMER_ENABLE 1u
#define TIMER_IMASK  2u

/* What freezes a machine ends a WFI as if it had been for nothing: the kernel is to have come back to it. */
const unsigned int boot_halt_looks = 2;

const char boot_halt_reason[] = "every CPU waits, and nothing can interrupt it";

bool boot_halts_unseen(bool irqchip)
{
	(void)irqchip;
	return true;
}

static bool is_behind_wfi(struct r0_vm *vm, unsigned int cpu)
{
	uint64_t pc, physical;
	uint32_t instruction;

	return vcpu_get(&vm->cpus[cpu].vcpu, VCPU_CORE(regs.pc), &pc, NULL) >= 0 &&
	       !monitor_translate(&vm->cpus[cpu], pc - sizeof(instruction), &physical) &&
	       !r0_vm_read(vm, physical, &instruction, sizeof(instruction), NULL) &&
	       instruction == WFI;
}

/* A KVM before Linux 6.4 does not tell of the physical timer: there its interrupt has to be disabled. */
static bool timer_may_wake(const struct r0_vm *vm, unsigned int cpu)
{
	const struct vcpu *vcpu = &vm->cpus[cpu].vcpu;
	uint64_t control;
	uint32_t enabled = 0;

	if (vcpu_get(vcpu, KVM_REG_ARM_TIMER_CTL, &control, NULL) < 0 ||
	    (control & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE)
		return true;
	if (vcpu_get(vcpu, KVM_REG_ARM_PTIMER_CTL, &control, NULL) >= 0)
		return (control & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE;
	return vm->options.irqchip &&
	       (gic_read_private(&vm->vm, cpu, R0_GICD_ISENABLER, &enabled) ||
		enabled >> R0_INTID_PHYSICAL_TIMER & 1);
}

static bool cpu_is_halted(struct r0_vm *vm, unsigned int cpu)
{
	struct kvm_mp_state state;

	if (KVM_IOCTL(vm->cpus[cpu].vcpu.fd, KVM_GET_MP_STATE, &state, NULL) < 0)
		return false;
	return state.mp_state == KVM_MP_STATE_STOPPED ||
	       (is_behind_wfi(vm, cpu) && !timer_may_wake(vm, cpu));
}

/* WFI ends with an interrupt that PSTATE masks, too. What a device may yet say, only its SPI brings. */
static bool interrupt_may_come(const struct r0_vm *vm)
{
	uint32_t enabled;

	return vm->options.irqchip &&
	       (gic_has_pending(&vm->vm) ||
		gic_read_distributor(&vm->vm, R0_GICD_ISENABLER + 4, &enabled) || enabled);
}

static bool is_halted(struct r0_vm *vm)
{
	unsigned int i;

	if (vm->state != MONITOR_FROZEN)
		return false;
	for (i = 0; i < vm->options.cpus; i++)
		if (!cpu_is_halted(vm, i))
			return false;
	return !interrupt_may_come(vm);
}

bool boot_is_halted(struct r0_vm *vm)
{
	bool is;

	pthread_mutex_lock(&vm->control);
	is = is_halted(vm);
	pthread_mutex_unlock(&vm->control);
	return is;
}

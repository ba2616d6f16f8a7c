/* SPDX-License-Identifier: MIT */
/* Kernels that have halted, on x86. */
#include "boot/halt.h"
#include <string.h>
#include <ring0/x86/apic.h>
#include <ring0/x86/registers.h>
#include "monitor/rest.h"
#include "monitor/wiring/irqchip.h"

/* KVM keeps a CPU that has halted at its HLT, frozen or not. */
const unsigned int boot_halt_looks = 1;

const char boot_halt_reason[] = "every CPU halted with interrupts off";

/* Without interrupt controllers each HLT comes to the monitor. */
bool boot_halts_unseen(bool irqchip)
{
	return irqchip;
}

/* What IF holds back, a CPU at HLT does not need: SDM vol. 3A, 10.5.1 and 10.11.1, delivery modes. */
static bool may_wake(uint64_t entry)
{
	const uint64_t mode = entry & R0_APIC_DELIVERY_MODE;

	return !(entry & R0_APIC_MASKED) && (mode == R0_APIC_SMI || mode == R0_APIC_NMI ||
					     mode == R0_APIC_INIT || mode == R0_APIC_STARTUP);
}

static bool local_apic_may_wake(int fd)
{
	static const unsigned int entries[] = {
		R0_APIC_LVT_TIMER, R0_APIC_LVT_THERMAL, R0_APIC_LVT_PERFORMANCE,
		R0_APIC_LVT_LINT0, R0_APIC_LVT_LINT1,	R0_APIC_LVT_ERROR,
	};
	struct kvm_lapic_state apic;
	uint32_t entry;
	size_t i;

	if (KVM_IOCTL(fd, KVM_GET_LAPIC, &apic, NULL) < 0)
		return true;
	for (i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		memcpy(&entry, apic.regs + entries[i], sizeof(entry));
		/* LINT1 is the NMI's after firmware, and nothing is connected to it here. */
		if (entries[i] != R0_APIC_LVT_LINT1 && may_wake(entry))
			return true;
	}
	return false;
}

static bool cpu_is_halted(const struct vcpu *vcpu)
{
	struct kvm_vcpu_events events;
	struct kvm_mp_state state;
	struct kvm_regs regs;

	if (KVM_IOCTL(vcpu->fd, KVM_GET_MP_STATE, &state, NULL) < 0)
		return false;
	if (state.mp_state == KVM_MP_STATE_UNINITIALIZED ||
	    state.mp_state == KVM_MP_STATE_INIT_RECEIVED)
		return true;
	return state.mp_state == KVM_MP_STATE_HALTED &&
	       KVM_IOCTL(vcpu->fd, KVM_GET_REGS, &regs, NULL) >= 0 &&
	       !(regs.rflags & R0_RFLAGS_IF) &&
	       KVM_IOCTL(vcpu->fd, KVM_GET_VCPU_EVENTS, &events, NULL) >= 0 &&
	       !events.nmi.pending && !events.nmi.injected && !events.smi.pending &&
	       !events.exception.pending && !events.exception.injected &&
	       !local_apic_may_wake(vcpu->fd);
}

static bool read_ioapic(const struct r0_vm *vm, uint64_t *entries)
{
	struct kvm_irqchip ioapic = { .chip_id = KVM_IRQCHIP_IOAPIC };
	size_t i;

	if (vm->options.split_irqchip) {
		pthread_mutex_lock(&vm->devices->lock);
		irqchip_entries(vm->devices->irqchip, entries);
		pthread_mutex_unlock(&vm->devices->lock);
		return true;
	}
	if (KVM_IOCTL(vm->vm.fd, KVM_GET_IRQCHIP, &ioapic, NULL) < 0)
		return false;
	for (i = 0; i < KVM_IOAPIC_NUM_PINS; i++)
		entries[i] = ioapic.chip.ioapic.redirtbl[i].bits;
	return true;
}

static bool ioapic_may_wake(const struct r0_vm *vm)
{
	uint64_t entries[KVM_IOAPIC_NUM_PINS];
	size_t i;

	if (!read_ioapic(vm, entries))
		return true;
	for (i = 0; i < KVM_IOAPIC_NUM_PINS; i++)
		if (may_wake(entries[i]))
			return true;
	return false;
}

static bool is_halted(const struct r0_vm *vm)
{
	unsigned int i;

	if (vm->state != MONITOR_FROZEN || !vm->options.irqchip)
		return false;
	for (i = 0; i < vm->options.cpus; i++)
		if (!cpu_is_halted(&vm->cpus[i].vcpu))
			return false;
	return !ioapic_may_wake(vm);
}

bool boot_is_halted(struct r0_vm *vm)
{
	bool is;

	pthread_mutex_lock(&vm->control);
	is = is_halted(vm);
	pthread_mutex_unlock(&vm->control);
	return is;
}

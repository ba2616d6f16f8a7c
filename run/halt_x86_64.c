/* SPDX-License-Identifier: MIT */
/* Whether a vCPU halts, and whether anything can end that. */
#include <ring0/fault.h>
#include <ring0/x86/apic.h>
#include "machine/cpu.h"
#include "machine/local_apic_x86_64.h"
#include "run/halt.h"

const int halt_unmasked = R0_NMI;

/* Whether an IOAPIC's redirection or a local vector brings what IF does not hold back. */
static bool passes_if(uint32_t mode)
{
	uint32_t delivery = mode & R0_APIC_DELIVERY_MODE;

	return !(mode & R0_APIC_MASKED) &&
	       (delivery == R0_APIC_SMI || delivery == R0_APIC_NMI || delivery == R0_APIC_INIT);
}

/* One that was sent, and that the CPU has not taken yet; in an NMI's handler it never does. */
static bool has_nmi(const struct machine_cpu *cpu)
{
	struct kvm_vcpu_events events = { 0 };

	return KVM_IOCTL(cpu->vcpu.fd, KVM_GET_VCPU_EVENTS, &events, NULL) < 0 ||
	       (events.nmi.pending && !events.nmi.masked) || events.nmi.injected;
}

/* Only an NMI and its like end a HLT with interrupts off: whether one can come. */
static bool may_be_woken(const struct machine *machine, const struct machine_cpu *cpu)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	struct kvm_lapic_state lapic = { 0 };
	size_t i;

	if (has_nmi(cpu))
		return true;
	/* Nothing is at LINT0 where there are local APICs alone. */
	if (!machine->devices)
		return false;
	if (KVM_IOCTL(machine->vm.fd, KVM_GET_IRQCHIP, &chip, NULL) < 0 ||
	    KVM_IOCTL(cpu->vcpu.fd, KVM_GET_LAPIC, &lapic, NULL) < 0)
		return true;
	for (i = 0; i < KVM_IOAPIC_NUM_PINS; i++)
		if (passes_if((uint32_t)chip.chip.ioapic.redirtbl[i].bits))
			return true;
	return passes_if(local_apic_register(&lapic, R0_APIC_LVT_LINT0));
}

bool halt_is_on(const struct machine_cpu *cpu)
{
	struct kvm_mp_state state;

	return KVM_IOCTL(cpu->vcpu.fd, KVM_GET_MP_STATE, &state, NULL) >= 0 &&
	       state.mp_state == KVM_MP_STATE_HALTED;
}

bool halt_is_for_good(const struct machine *machine, const struct machine_cpu *cpu)
{
	return halt_is_on(cpu) && !cpu_takes_interrupts(cpu) && !may_be_woken(machine, cpu);
}

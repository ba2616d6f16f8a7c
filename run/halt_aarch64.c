/* SPDX-License-Identifier: MIT */
/*
 * Whether a vCPU waits for an interrupt. KVM keeps it in KVM_RUN meanwhile, and when a signal ends that, PC is behind
 * the WFI already, as it would be after an interrupt: which of the two it was, only the next look tells.
 */
#include <ring0/private/abi.h>
#include "kvm/vcpu/vcpu_aarch64.h"
#include "kvm/vm/gic_aarch64.h"
#include "machine/cpu.h"
#include "run/halt_aarch64.h"

#define WFI 0xd503207fu

#define TIMER_ENABLE  1u
#define TIMER_IMASK   2u
#define TIMER_ISTATUS 4u

const int halt_unmasked = R0_SERROR;

bool halt_is_on(const struct machine_cpu *cpu)
{
	uint32_t instruction = 0;
	const uint64_t before = cpu_pc(cpu) - sizeof(instruction);

	return memory_read(&cpu->machine->memory, gva(before), &instruction, sizeof(instruction)) ==
		       sizeof(instruction) &&
	       instruction == WFI;
}

/* CNTV_CTL_EL0, CNTP_CTL_EL0: Arm ARM, D19.12.26. The latter's is listed from Linux 6.4 on. */
static bool has_timer_at(const struct machine_cpu *cpu, uint64_t mask, uint64_t wanted)
{
	static const uint64_t controls[] = { KVM_REG_ARM_TIMER_CTL, KVM_REG_ARM_PTIMER_CTL };
	uint64_t value;
	size_t i;

	for (i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		if (vcpu_get(&cpu->vcpu, controls[i], &value, NULL) >= 0 &&
		    (value & mask) == wanted)
			return true;
	return false;
}

bool halt_is_timed(const struct machine_cpu *cpu)
{
	return halt_is_on(cpu) &&
	       has_timer_at(cpu, TIMER_ENABLE | TIMER_IMASK | TIMER_ISTATUS, TIMER_ENABLE);
}

/* The GIC can't be read while a vCPU is in KVM_RUN: arm-vgic-v3.rst, -EBUSY. */
static bool has_pending(const struct machine *machine)
{
	return machine->devices && machine->cpu_count == 1 && gic_has_pending(&machine->vm);
}

/*
 * WFI ends with an interrupt that PSTATE masks, too: a timer's, a device's, and, where it has been over for a moment, one
 * that is pending. A CPU without work waits for some.
 */
bool halt_is_for_good(const struct machine *machine, const struct machine_cpu *cpu)
{
	return halt_is_on(cpu) && cpu_pc(cpu) != (uint64_t)r0_idle_waits &&
	       !has_timer_at(cpu, TIMER_ENABLE | TIMER_IMASK, TIMER_ENABLE) &&
	       interrupt_devices_deadline(machine->devices) == UINT64_MAX && !has_pending(machine);
}

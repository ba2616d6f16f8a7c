/* SPDX-License-Identifier: MIT */
/* What `ring0 doctor` asks x86's KVM, and has its probes run with. Depends on doctor.h and kvm/. */
#include <ring0.h>
#include <ring0/x86/instructions.h>
#include "assist/assist_policy.h"
#include "command/doctor/doctor.h"
#include "kvm/kvm.h"
#include "kvm/kvm_x86_64.h"

const struct doctor_capability doctor_capabilities[] = {
	{ KVM_CAP_SYNC_REGS, "KVM_CAP_SYNC_REGS", "registers without system calls", true, NULL,
	  NULL },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "time limits", true, NULL, NULL },
	{ KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM", "the program's text", true, NULL, NULL },
	{ KVM_CAP_X86_USER_SPACE_MSR, "KVM_CAP_X86_USER_SPACE_MSR", ".msrs", true, NULL, NULL },
	{ KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER", ".msrs", true, NULL, NULL },
	{ KVM_CAP_XSAVE, "KVM_CAP_XSAVE", "reset of vector registers", true, NULL, NULL },
	{ KVM_CAP_XCRS, "KVM_CAP_XCRS", "reset of XCR0, with XSAVE", false, NULL, NULL },
	{ KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS", "reset of debug registers", true, NULL, NULL },
	{ KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS", "reset of pending events", true, NULL, NULL },
	{ KVM_CAP_XSAVE2, "KVM_CAP_XSAVE2", "reset of AMX registers", false, NULL, NULL },
	{ KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE", "reset after HLT", false, NULL, NULL },
	{ KVM_CAP_DISABLE_QUIRKS2, "KVM_CAP_DISABLE_QUIRKS2", "hypercalls as on hardware", false,
	  NULL, NULL },
	{ KVM_CAP_SET_GUEST_DEBUG, "KVM_CAP_SET_GUEST_DEBUG",
	  "R0_WATCH(), and triple faults on AMD", false, NULL, NULL },
	{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP", ".irqchip and .cpus", false, NULL, NULL },
};

const size_t doctor_capability_count = sizeof(doctor_capabilities) / sizeof(doctor_capabilities[0]);
_Static_assert(sizeof(doctor_capabilities) / sizeof(doctor_capabilities[0]) <=
		       DOCTOR_CAPABILITIES_MAX,
	       "room for what each says");

const char doctor_own_absent[] = "not in the VM's CPUID";
const char doctor_own_level[] = "ring 0";

const struct doctor_last doctor_own_last = { "timer interrupt", "local APIC", doctor_timer_probe };

/* CPUID leaf 1 for a probe that asks for another one. */
static struct r0_cpuid leaf1;

/*
 * CPUID's leaf 1 without PCLMULQDQ, SSSE3 and POPCNT, on which no state of the VM depends.
 */
static struct r0_cpuid other_leaf1(const struct kvm *kvm)
{
	struct r0_cpuid leaf = { .leaf = 1 };
	uint32_t i;

	for (i = 0; i < kvm->own->cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &kvm->own->cpuid->entries[i];

		if (entry->function != 1)
			continue;
		leaf.eax = entry->eax;
		leaf.ebx = entry->ebx;
		leaf.ecx = entry->ecx & ~(1u << 1 | 1u << 9 | 1u << 23);
		leaf.edx = entry->edx;
	}
	return leaf;
}

void doctor_own_begin(const struct kvm *kvm)
{
	/* What KVM can do is asked for, not what ring0 does in its place. */
	assist_policy_set(ASSIST_POLICY_OFF);
	leaf1 = other_leaf1(kvm);
	doctor_cpuid_ecx = leaf1.ecx;
}

void doctor_own_options(const struct doctor_probe *probe, struct r0_options *options)
{
	static const struct r0_ioport ports[] = { { 0x80, 0x5a }, { 0x84, 0x12345678 } };

	options->ioports = (struct r0_ioports){ ports, sizeof(ports) / sizeof(ports[0]) };
	if (probe->other_cpuid)
		options->cpuid = (struct r0_cpuids){ &leaf1, 1 };
}

uint64_t doctor_own_cycles(void)
{
	return r0_rdtsc();
}

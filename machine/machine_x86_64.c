/* SPDX-License-Identifier: MIT */
/* A machine on x86: what CPUID says of KVM, and of its vCPUs. SDM vol. 2A, CPUID. */
#include "machine/machine_own.h"
#include <errno.h>
#include <ring0/x86/apic.h>
#include <ring0/x86/hpet.h>
#include <ring0/x86/ioapic.h>
#include "kvm/kvm_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"
#include "kvm/vm/vm_x86_64.h"
#include "machine/topology_x86_64.h"
#include "mirror/mirror.h"

void machine_own_devices(struct mirror_config *config, unsigned int cpus)
{
	/* Of .irqchip. An access by a test without it leaves the VM, and is named. */
	static const uint64_t devices[] = { R0_IOAPIC_ADDRESS, R0_HPET_ADDRESS, R0_APIC_ADDRESS };

	/* All CPUs' local APICs are at the same address. */
	(void)cpus;
	config->devices = devices;
	config->device_count = sizeof(devices) / sizeof(devices[0]);
}

/* The width is 36 where the leaf is absent; PDPE1GB is EDX bit 26. */
void machine_own_configure(const struct kvm *kvm, unsigned int cpus, struct mirror_config *config)
{
	const struct kvm_cpuid_entry2 *sizes = kvm_cpuid_leaf(kvm->own->cpuid, 0x80000008, 0);
	const struct kvm_cpuid_entry2 *features = kvm_cpuid_leaf(kvm->own->cpuid, 0x80000001, 0);

	machine_own_devices(config, cpus);
	config->physical_bits = sizes ? sizes->eax & 0xff : 36;
	config->gigabyte_pages = features && features->edx & 1u << 26;
}

static struct kvm_cpuid_entry2 entry_of(const struct r0_cpuid *declared)
{
	return (struct kvm_cpuid_entry2){
		.function = declared->leaf,
		.index = declared->subleaf,
		.flags = declared->subleaf ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
		.eax = declared->eax,
		.ebx = declared->ebx,
		.ecx = declared->ecx,
		.edx = declared->edx,
	};
}

bool machine_own_halts_inside(const struct machine *machine)
{
	return machine->vm.irqchip;
}

int machine_own_declare(struct machine *machine, const struct machine_options *options,
			struct error *error)
{
	/* A CPU may be kicked before it is told of one. */
	vm_tell_triple_faults(&machine->vm);
	if (!options->hypercalls.count && !options->id_registers.count)
		return 0;
	return error_set(error, EINVAL,
			 "it declares hypercalls or ID registers, which x86 doesn't have");
}

int machine_own_cpu(struct machine *machine, const struct machine_options *options,
		    struct error *error)
{
	const struct template *template = machine->template;
	unsigned int number = machine->cpu_count;
	struct machine_cpu *cpu = &machine->cpus[number];
	struct kvm_cpuid_entry2 entries[TOPOLOGY_LEAVES + options->cpuid.count];
	struct vcpu_identity cpuid = { .entries = entries };
	size_t i;
	int err;

	if (options->cpus > 1)
		cpuid.count =
			topology_leaves(template->kvm->own->cpuid, number, options->cpus, entries);
	for (i = 0; i < options->cpuid.count; i++)
		entries[cpuid.count++] = entry_of(&options->cpuid.entries[i]);
	err = vcpu_init(&cpu->vcpu, &machine->vm, number, &cpuid, error);
	if (err)
		return err;
	machine->cpu_count++;
	err = entry_apply(&template->entry, template->mirror, &cpu->vcpu, number, error);
	if (!err && options->cpus > 1)
		err = entry_enable_apic(&cpu->vcpu, error);
	return err;
}

/* All of the CPUs is put back, whatever it was. */
void machine_own_note_memory(struct machine *machine)
{
	(void)machine;
}

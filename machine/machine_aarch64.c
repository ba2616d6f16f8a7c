/* SPDX-License-Identifier: MIT */
/* A machine on arm64. */
#include "kvm/kvm_aarch64.h"
#include "machine/machine_own.h"
#include "mirror/mirror.h"

void machine_own_devices(struct mirror_config *config)
{
	config->devices = NULL;
	config->device_count = 0;
}

void machine_own_configure(const struct kvm *kvm, struct mirror_config *config)
{
	machine_own_devices(config);
	config->physical_bits = kvm->own->physical_bits;
	config->gigabyte_pages = true; /* blocks at level 1: Arm ARM, D8.2.8 */
}

bool machine_own_halts_inside(const struct machine *machine)
{
	(void)machine;
	return true;
}

int machine_own_cpu(struct machine *machine, const struct machine_options *options,
		    struct error *error)
{
	const struct template *template = machine->template;
	unsigned int number = machine->cpu_count;
	struct machine_cpu *cpu = &machine->cpus[number];
	int err = vcpu_init(&cpu->vcpu, &machine->vm, number, NULL, error);

	(void)options;
	if (err)
		return err;
	machine->cpu_count++;
	return entry_apply(&template->entry, template->mirror, &cpu->vcpu, number, error);
}

/* SPDX-License-Identifier: MIT */
/* A machine on arm64. */
#include <ring0/arm64/gic.h>
#include "kvm/kvm_aarch64.h"
#include "machine/machine_own.h"
#include "mirror/mirror.h"

#define GICD_SIZE 0x10000ul

#define PAGES ((GICD_SIZE + R0_GICR_SIZE) / PAGE_SIZE)

/* From `first` on, sixteen pages. */
#define SIXTEEN(first)                                                                   \
	(first), (first) + 0x1000, (first) + 0x2000, (first) + 0x3000, (first) + 0x4000, \
		(first) + 0x5000, (first) + 0x6000, (first) + 0x7000, (first) + 0x8000,  \
		(first) + 0x9000, (first) + 0xa000, (first) + 0xb000, (first) + 0xc000,  \
		(first) + 0xd000, (first) + 0xe000, (first) + 0xf000

void machine_own_devices(struct mirror_config *config)
{
	/* Of .irqchip. An access by a test without it leaves the VM, and is named. */
	static const uint64_t devices[] = {
		SIXTEEN(R0_GICD_ADDRESS),
		SIXTEEN(R0_GICR_ADDRESS),
		SIXTEEN(R0_GICR_ADDRESS + R0_GICR_SGI),
	};

	_Static_assert(sizeof(devices) / sizeof(devices[0]) == PAGES, "all of their pages");
	config->devices = devices;
	config->device_count = PAGES;
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

/* SPDX-License-Identifier: MIT */
/* A machine on arm64. */
#include <ring0/arm64/gic.h>
#include "kvm/kvm_aarch64.h"
#include "machine/machine_own.h"
#include "mirror/mirror.h"

#define GICD_SIZE 0x10000ul

#define PAGES ((GICD_SIZE + R0_CPU_LIMIT * R0_GICR_SIZE) / PAGE_SIZE)

/* From `first` on, that many pages. */
#define PAGES_2(first)	 (first), (first) + 0x1000
#define PAGES_4(first)	 PAGES_2(first), PAGES_2((first) + 0x2000)
#define PAGES_8(first)	 PAGES_4(first), PAGES_4((first) + 0x4000)
#define PAGES_16(first)	 PAGES_8(first), PAGES_8((first) + 0x8000)
#define PAGES_32(first)	 PAGES_16(first), PAGES_16((first) + 0x10000)
#define PAGES_64(first)	 PAGES_32(first), PAGES_32((first) + 0x20000)
#define PAGES_128(first) PAGES_64(first), PAGES_64((first) + 0x40000)
#define PAGES_256(first) PAGES_128(first), PAGES_128((first) + 0x80000)
#define PAGES_512(first) PAGES_256(first), PAGES_256((first) + 0x100000)

void machine_own_devices(struct mirror_config *config, unsigned int cpus)
{
	/* Of .irqchip. An access by a test without it leaves the VM, and is named. */
	static const uint64_t devices[] = {
		PAGES_16(R0_GICD_ADDRESS),
		PAGES_512(R0_GICR_ADDRESS),
		PAGES_512(R0_GICR_ADDRESS + 0x200000),
	};

	_Static_assert(sizeof(devices) / sizeof(devices[0]) == PAGES, "all of their pages");
	config->devices = devices;
	config->device_count = (GICD_SIZE + cpus * R0_GICR_SIZE) / PAGE_SIZE;
}

void machine_own_configure(const struct kvm *kvm, unsigned int cpus, struct mirror_config *config)
{
	machine_own_devices(config, cpus);
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

/* SPDX-License-Identifier: MIT */
/* What of QEMU's parameters means something on x86. Depends on libc only. */
#include "suite/vmm_parameters_own.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The width of physical addresses is the host's anyway, and a machine is never moved to another host. */
static int read_cpu(struct suite_machine *machine, const char *value, struct error *error)
{
	static const char *const passed_over[] = { "host-phys-bits",	 "host-phys-bits=on",
						   "host-phys-bits=off", "migratable=no",
						   "migratable=off",	 "migratable=on",
						   "migratable=yes",	 NULL };
	char *text = calloc(1, strlen(value) + 1);
	size_t length = 0;

	(void)error;
	while (text && *value) {
		struct vmm_item item = vmm_item_next(&value);

		if (vmm_item_is_one_of(item, passed_over))
			continue;
		if (length)
			text[length++] = ',';
		memcpy(text + length, item.text, item.length);
		length += item.length;
		text[length] = '\0';
	}
	return vmm_replace(&machine->cpu, text);
}

static int read_machine(struct suite_machine *machine, const char *value, struct error *error)
{
	static const char *const passed_over[] = {
		"q35",	  "pc",	       "type=q35",   "type=pc",		  "accel=kvm",
		"pit=on", "vmport=on", "vmport=off", "kernel-irqchip=on", "kernel_irqchip=on",
		NULL
	};

	while (*value) {
		struct vmm_item item = vmm_item_next(&value);

		if (vmm_item_is(item, "pit=off"))
			machine->no_pit = true;
		else if (vmm_item_is(item, "kernel-irqchip=split") ||
			 vmm_item_is(item, "kernel_irqchip=split"))
			machine->split_irqchip = true;
		else if (!vmm_item_is_one_of(item, passed_over))
			return vmm_refuse(error, "-machine", item);
	}
	return 0;
}

/* What it is by default (of device-iotlb, caching-mode and the like), and interrupts remapped, which it always does. */
static int read_iommu(struct suite_machine *machine, const char *rest, struct error *error)
{
	static const char *const passed_over[] = { "intremap=on",      "intremap=auto",
						   "eim=off",	       "caching-mode=off",
						   "device-iotlb=off", NULL };

	while (*rest) {
		struct vmm_item item = vmm_item_next(&rest);

		if (!vmm_item_is_one_of(item, passed_over))
			return vmm_refuse(error, "-device intel-iommu", item);
	}
	machine->iommu = true;
	return 0;
}

/* Those that kvm-unit-tests' own runner gives each of its machines are here, too. */
static int read_device(struct suite_machine *machine, const char *value, struct error *error)
{
	static const char *const there[] = { "pc-testdev", "pci-testdev",    "isa-debug-exit",
					     "edu",	   "hyperv-testdev", NULL };
	const char *rest = value;
	struct vmm_item item = vmm_item_next(&rest);

	if (vmm_item_is(item, "intel-iommu"))
		return read_iommu(machine, rest, error);
	if (vmm_item_is_one_of(item, there))
		return 0;
	return vmm_refuse(error, "-device", (struct vmm_item){ value, strlen(value) });
}

static int read_overcommit(struct suite_machine *machine, const char *value, struct error *error)
{
	const char *rest = value;

	while (*rest) {
		struct vmm_item item = vmm_item_next(&rest);

		if (vmm_item_is(item, "cpu-pm=on"))
			machine->waits_inside = true;
		else if (!vmm_item_is(item, "cpu-pm=off") && !vmm_item_is(item, "mem-lock=off"))
			return vmm_refuse(error, "-overcommit", item);
	}
	return 0;
}

/* Interrupts of the PIT that come too late are lost here in any case. */
static int read_global(struct suite_machine *machine, const char *value, struct error *error)
{
	(void)machine;
	if (!strcmp(value, "kvm-pit.lost_tick_policy=discard"))
		return 0;
	return vmm_refuse(error, "-global", (struct vmm_item){ value, strlen(value) });
}

const struct vmm_parameter vmm_own_parameters[] = {
	{ "cpu", true, read_cpu },
	{ "machine", true, read_machine },
	{ "M", true, read_machine },
	{ "device", true, read_device },
	{ "overcommit", true, read_overcommit },
	{ "global", true, read_global },
	{ NULL, false, NULL },
};

bool suite_machine_is_here(const char *name)
{
	return !strcmp(name, "q35") || !strcmp(name, "pc");
}

bool suite_runs_architecture(const char *name)
{
	return !strcmp(name, "x86_64") || !strcmp(name, "i386");
}

const bool suite_has_models = true;
const char suite_own_directory[] = "x86";

const char *suite_own_protocol(const char *path)
{
	(void)path;
	return NULL;
}

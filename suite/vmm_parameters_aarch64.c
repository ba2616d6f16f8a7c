/* SPDX-License-Identifier: MIT */
/* What of QEMU's parameters means something on arm64: qemu-system-aarch64(1). Depends on libc only. */
#include <string.h>
#include "suite/vmm_parameters_own.h"

/* The CPUs are the host's. */
static int read_cpu(struct suite_machine *machine, const char *value, struct error *error)
{
	const char *rest = value;
	const struct vmm_item model = vmm_item_next(&rest);

	(void)machine;
	if ((vmm_item_is(model, "host") || vmm_item_is(model, "max")) && !*rest)
		return 0;
	return vmm_refuse(error, "-cpu", (struct vmm_item){ value, strlen(value) });
}

static int read_machine(struct suite_machine *machine, const char *value, struct error *error)
{
	static const char *const passed_over[] = { "virt",
						   "type=virt",
						   "accel=kvm",
						   "gic-version=3",
						   "gic-version=host",
						   "its=off",
						   "kernel-irqchip=on",
						   "kernel_irqchip=on",
						   "mte=off",
						   NULL };

	(void)machine;
	while (*value) {
		struct vmm_item item = vmm_item_next(&value);

		if (!vmm_item_is_one_of(item, passed_over))
			return vmm_refuse(error, "-machine", item);
	}
	return 0;
}

/* Those that kvm-unit-tests' own runner gives its machines, but for the one of PCI. */
static int read_device(struct suite_machine *machine, const char *value, struct error *error)
{
	static const char *const there[] = { "virtio-serial-device", "virtconsole,chardev=ctd",
					     NULL };
	const struct vmm_item item = { value, strlen(value) };

	(void)machine;
	return vmm_item_is_one_of(item, there) ? 0 : vmm_refuse(error, "-device", item);
}

const struct vmm_parameter vmm_own_parameters[] = {
	{ "cpu", true, read_cpu },   { "machine", true, read_machine },
	{ "M", true, read_machine }, { "device", true, read_device },
	{ NULL, false, NULL },
};

bool suite_machine_is_here(const char *name)
{
	return !strcmp(name, "virt");
}

bool suite_runs_architecture(const char *name)
{
	return !strcmp(name, "arm64") || !strcmp(name, "aarch64");
}

const bool suite_has_models = false;
const char suite_own_directory[] = "arm";

const char *suite_own_protocol(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && !strcmp(dot, ".flat") ? "flat" : NULL;
}

/* SPDX-License-Identifier: MIT */
/* arm64's machines are described by a device tree: boot/machine_tree_aarch64.h. */
#include <errno.h>
#include "acpi/linker.h"
#include "monitor/state.h"

int r0_vm_acpi(struct r0_vm *vm, uint64_t *rsdp, struct r0_error *error)
{
	(void)vm;
	(void)rsdp;
	return error_set(monitor_error(error), ENOTSUP, "ACPI tables are for x86");
}

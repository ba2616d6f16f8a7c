/* SPDX-License-Identifier: MIT */
/* What a device tree is to say of a machine, and its memory: all of it is the kernel's. */
#include "boot/load_own.h"
#include <errno.h>
#include "monitor/state.h"

int boot_own_describe(struct r0_vm *vm, enum r0_boot_protocol protocol,
		      struct boot_request *request, struct r0_error *error)
{
	const struct wiring *devices = vm->devices;
	struct boot_machine *machine = &request->machine;
	size_t i;

	(void)protocol;
	(void)error;
	_Static_assert(WIRING_WINDOWS_MAX <= BOOT_WINDOWS_MAX, "room for all");
	*machine = (struct boot_machine){
		.cpus = vm->options.cpus,
		.memory = vm->options.memory,
		.irqchip = vm->options.irqchip,
		.gic_version = vm->vm.gic_version,
		.serial = !vm->options.no_legacy,
		.virtio_count = devices->window_count,
		.console = machine->console,
	};
	for (i = 0; i < devices->window_count; i++)
		machine->virtio[i] = (struct boot_window){
			.address = devices->windows[i].address,
			.size = devices->windows[i].size,
			.irq = devices->windows[i].irq,
		};
	return 0;
}

void boot_own_map(const struct r0_vm *vm, struct memory_map *map)
{
	*map = (struct memory_map){
		.ranges = { { R0_VM_MEMORY, vm->options.memory, MEMORY_MAP_USABLE } },
		.count = 1,
	};
}

int boot_own_complete(struct r0_vm *vm, enum r0_boot_protocol protocol, struct boot_setup *setup,
		      struct r0_error *error)
{
	(void)vm;
	(void)protocol;
	(void)setup;
	(void)error;
	return 0;
}

int boot_own_write_firmware(struct r0_vm *vm, const struct boot_setup *setup,
			    struct r0_error *error)
{
	(void)vm;
	(void)setup;
	return error_set(monitor_error(error), ENOTSUP, "no firmware boots on arm64");
}

/* SPDX-License-Identifier: MIT */
/* What a PC's kernels find beside what their protocols promise: ACPI's tables, firmware and what that has set up. */
#include "boot/load_own.h"
#include <pthread.h>
#include "acpi/acpi.h"
#include "acpi/linker.h"
#include "boot/firmware_state.h"
#include "boot/reset_vector.h"
#include "monitor/rest.h"
#include "monitor/wiring/platform.h"

#define LOW_ROM_MAX 0x20000ul

_Static_assert(ACPI_RSDP_SIZE <= BOOT_REQUEST_ROOM, "it fits");

/*
 * At the end of 4 GiB, where the reset vector is, and as a PC's chipset has it after a reset, its last 128
 * KiB below 1 MiB, too.
 */
int boot_own_write_firmware(struct r0_vm *vm, const struct boot_setup *setup,
			    struct r0_error *error)
{
	uint64_t low = setup->firmware_size < LOW_ROM_MAX ? setup->firmware_size : LOW_ROM_MAX;
	int err;

	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "putting firmware into the memory", monitor_error(error));
	if (!err)
		err = guest_memory_set_rom(&vm->memory, setup->firmware, setup->firmware_size,
					   monitor_error(error));
	pthread_mutex_unlock(&vm->control);
	if (err)
		return err;
	return r0_vm_write(vm, MEMORY_MAP_EXTENDED - low,
			   setup->firmware + setup->firmware_size - low, low, error);
}

void boot_own_map(const struct r0_vm *vm, struct memory_map *map)
{
	memory_map_make(map, vm->options.memory, platform_map.memory_low_end,
			platform_map.memory_high);
}

/* ACPI's tables and the reset vector; firmware has a vector of its own, and places the tables itself. */
int boot_own_describe(struct r0_vm *vm, enum r0_boot_protocol protocol,
		      struct boot_request *request, struct r0_error *error)
{
	int err;

	if (protocol == R0_BOOT_AUTO)
		protocol = boot_protocol_find(&request->image);
	if (!vm->options.pc)
		return 0;
	if (protocol == R0_BOOT_FIRMWARE)
		return acpi_offer(vm, monitor_error(error));
	err = r0_vm_acpi(vm, &request->rsdp, error);
	/* They are all of the last 128 KiB below 1 MiB. */
	if (!err)
		err = boot_add_reset_vector(vm, monitor_error(error));
	if (!err)
		err = r0_vm_read(vm, request->rsdp, request->room, ACPI_RSDP_SIZE, error);
	request->rsdp_bytes = request->room;
	request->rsdp_size = ACPI_RSDP_SIZE;
	return err;
}

/* By which protocols a kernel may go by what firmware has set up: others' entries are for any loader. */
static bool comes_after_firmware(const struct r0_vm *vm, enum r0_boot_protocol protocol)
{
	return vm->options.pc && vm->options.pit &&
	       (protocol == R0_BOOT_MULTIBOOT || protocol == R0_BOOT_MULTIBOOT2);
}

int boot_own_complete(struct r0_vm *vm, enum r0_boot_protocol protocol, struct boot_setup *setup,
		      struct r0_error *error)
{
	return comes_after_firmware(vm, protocol) ?
		       boot_add_firmware_state(setup, monitor_error(error)) :
		       0;
}

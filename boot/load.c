/* SPDX-License-Identifier: MIT */
/* A setup carried out: a kernel into a machine's memory, and its first CPU at the entry. */
#include <pthread.h>
#include "acpi/acpi.h"
#include "acpi/linker.h"
#include "boot/entry.h"
#include "boot/firmware_state.h"
#include "boot/protocol.h"
#include "boot/reset_vector.h"
#include "monitor/rest.h"

#define LOW_ROM_MAX 0x20000ul

static int write_segment(struct r0_vm *vm, const struct boot_segment *segment,
			 struct r0_error *error)
{
	int err = 0;

	if (segment->data_size)
		err = r0_vm_write(vm, segment->address, segment->data, segment->data_size, error);
	if (err)
		return err;
	return monitor_zero(vm, segment->address + segment->data_size,
			    segment->size - segment->data_size, monitor_error(error));
}

static int enter(struct r0_vm *vm, const struct boot_setup *setup, struct r0_error *error)
{
	int err = r0_vm_enter(vm, 0, &setup->entry, error);

	if (err || setup->entry.mode == R0_VM_MODE_RESET)
		return err;
	return boot_set_registers(vm, &setup->registers, error);
}

/*
 * At the end of 4 GiB, where the reset vector is, and as a PC's chipset has it after a reset, its last 128
 * KiB below 1 MiB, too.
 */
static int write_firmware(struct r0_vm *vm, const struct boot_setup *setup, struct r0_error *error)
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

static int carry_out(struct r0_vm *vm, const struct boot_setup *setup, struct r0_error *error)
{
	size_t i;
	int err = 0;

	for (i = 0; i < setup->segment_count && !err; i++)
		err = write_segment(vm, &setup->segments[i], error);
	if (!err && setup->firmware)
		err = write_firmware(vm, setup, error);
	return err ? err : enter(vm, setup, error);
}

/* ACPI's tables and the reset vector; firmware has a vector of its own, and places the tables itself. */
static int write_tables(struct r0_vm *vm, enum r0_boot_protocol protocol,
			struct boot_request *request, uint8_t *rsdp, struct r0_error *error)
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
		err = r0_vm_read(vm, request->rsdp, rsdp, ACPI_RSDP_SIZE, error);
	request->rsdp_bytes = rsdp;
	request->rsdp_size = ACPI_RSDP_SIZE;
	return err;
}

/* By which protocols a kernel may go by what firmware has set up: others' entries are for any loader. */
static bool comes_after_firmware(const struct r0_vm *vm, enum r0_boot_protocol protocol)
{
	return vm->options.pc && vm->options.pit &&
	       (protocol == R0_BOOT_MULTIBOOT || protocol == R0_BOOT_MULTIBOOT2);
}

int r0_boot_load(struct r0_vm *vm, const void *kernel, size_t size,
		 const struct r0_boot_options *options, enum r0_boot_protocol *used,
		 struct r0_error *error)
{
	static const struct r0_boot_options none;
	const struct r0_boot_options *with = options ? options : &none;
	struct boot_request request = {
		.image = { kernel, size },
		.command_line = with->command_line ? with->command_line : "",
		.name = with->name ? with->name : "",
		.modules = with->modules,
		.module_count = with->module_count,
	};
	enum r0_boot_protocol protocol = with->protocol;
	uint8_t rsdp[ACPI_RSDP_SIZE];
	struct memory_map map;
	struct boot_setup setup;
	int err = write_tables(vm, protocol, &request, rsdp, error);

	if (err)
		return err;
	memory_map_make(&map, vm->options.memory, GUEST_MEMORY_LOW_END, GUEST_MEMORY_HIGH);
	err = boot_setup_by(&setup, &map, &protocol, &request, monitor_error(error));
	if (err)
		return err;
	if (comes_after_firmware(vm, protocol))
		err = boot_add_firmware_state(&setup, monitor_error(error));
	if (!err)
		err = carry_out(vm, &setup, error);
	boot_setup_finish(&setup);
	if (!err && used)
		*used = protocol;
	return err;
}

/* SPDX-License-Identifier: MIT */
/* A setup carried out: a kernel into a machine's memory, and its first CPU at the entry. */
#include "boot/entry.h"
#include "boot/load_own.h"
#include "monitor/rest.h"

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

static int carry_out(struct r0_vm *vm, const struct boot_setup *setup, struct r0_error *error)
{
	size_t i;
	int err = 0;

	for (i = 0; i < setup->segment_count && !err; i++)
		err = write_segment(vm, &setup->segments[i], error);
	if (!err && setup->firmware)
		err = boot_own_write_firmware(vm, setup, error);
	return err ? err : enter(vm, setup, error);
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
		.machine = { .console = with->console },
	};
	enum r0_boot_protocol protocol = with->protocol;
	struct memory_map map;
	struct boot_setup setup;
	int err = boot_own_describe(vm, protocol, &request, error);

	if (err)
		return err;
	boot_own_map(vm, &map);
	err = boot_setup_by(&setup, &map, &protocol, &request, monitor_error(error));
	if (err)
		return err;
	err = boot_own_complete(vm, protocol, &setup, error);
	if (!err)
		err = carry_out(vm, &setup, error);
	boot_setup_finish(&setup);
	if (!err && used)
		*used = protocol;
	return err;
}

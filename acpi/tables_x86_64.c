/* SPDX-License-Identifier: MIT */
/* The ACPI tables of a machine of <ring0/vm.h>, in its memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "acpi/acpi.h"
#include "acpi/linker.h"
#include "monitor/state.h"
#include "monitor/wiring/wiring_pc.h"

static struct acpi_machine describe(const struct r0_vm *vm)
{
	const struct wiring *devices = vm->devices;
	struct acpi_machine machine = {
		.cpus = vm->options.cpus,
		.irqchip = vm->options.irqchip,
		.legacy = !vm->options.no_legacy,
		.fw_cfg = true,
		.pci_interrupts = vm->options.test_devices,
		.iommu = vm->options.iommu,
		.virtio_count = devices->window_count,
	};
	size_t i;

	_Static_assert(WIRING_WINDOWS_MAX <= ACPI_VIRTIO_MAX, "room for all");
	for (i = 0; i < devices->window_count; i++)
		machine.virtio[i] = (struct acpi_virtio){
			.address = devices->windows[i].address,
			.size = devices->windows[i].size,
			.irq = devices->windows[i].irq,
		};
	return machine;
}

/* With control held. */
static int write_tables(struct r0_vm *vm, const struct acpi_tables *tables, struct error *error)
{
	void *to;

	pthread_mutex_lock(&vm->devices->lock);
	to = ram_at(&vm->memory.ram, gpa(ACPI_AT), ACPI_SIZE, true);
	if (to)
		memcpy(to, tables->bytes, ACPI_SIZE);
	pthread_mutex_unlock(&vm->devices->lock);
	if (!to)
		return error_set(error, EINVAL, "ACPI tables need at least 1 MiB of memory");
	vm->facs = tables->facs;
	return 0;
}

static int make_tables(struct r0_vm *vm, struct acpi_tables *tables, struct error *error)
{
	const struct acpi_machine machine = describe(vm);
	int err = acpi_make(tables, &machine, error);

	if (err)
		return err;
	pthread_mutex_lock(&vm->control);
	err = write_tables(vm, tables, error);
	pthread_mutex_unlock(&vm->control);
	return err;
}

int r0_vm_acpi(struct r0_vm *vm, uint64_t *rsdp, struct r0_error *error)
{
	struct acpi_tables *tables;
	int err;

	if (!vm->options.pc)
		return error_set(monitor_error(error), ENOTSUP,
				 "ACPI tables are for a VM that is made with .pc");
	tables = malloc(sizeof(*tables));
	if (!tables)
		return error_set(monitor_error(error), ENOMEM, "no memory for ACPI tables");
	err = make_tables(vm, tables, monitor_error(error));
	if (!err && rsdp)
		*rsdp = tables->rsdp;
	free(tables);
	return err;
}

int acpi_offer(struct r0_vm *vm, struct error *error)
{
	const struct acpi_machine machine = describe(vm);
	struct acpi_tables *tables = malloc(sizeof(*tables));
	struct acpi_files *files = malloc(sizeof(*files));
	int err = tables && files ? acpi_make(tables, &machine, error) :
				    error_set(error, ENOMEM, "no memory for ACPI tables");

	if (!err) {
		acpi_files_make(files, tables);
		pthread_mutex_lock(&vm->devices->lock);
		err = wiring_pc_add_files(
			vm->devices->pc,
			(const struct r0_vm_file[]){
				{ ACPI_RSDP_FILE, files->rsdp, sizeof(files->rsdp) },
				{ ACPI_TABLES_FILE, files->tables, files->tables_size },
				{ ACPI_COMMANDS_FILE, files->commands, files->commands_size },
			},
			3, error);
		pthread_mutex_unlock(&vm->devices->lock);
	}
	free(files);
	free(tables);
	return err;
}

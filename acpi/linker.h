/* SPDX-License-Identifier: MIT */
/* ACPI tables for firmware, as files of fw_cfg. Pure: bytes from tables. */
#ifndef ACPI_LINKER_H
#define ACPI_LINKER_H

#include "acpi/acpi.h"

#define ACPI_RSDP_FILE	   "etc/acpi/rsdp"
#define ACPI_TABLES_FILE   "etc/acpi/tables"
#define ACPI_COMMANDS_FILE "etc/table-loader"

struct acpi_files {
	uint8_t rsdp[ACPI_RSDP_SIZE];
	uint8_t tables[ACPI_SIZE];
	size_t tables_size;
	uint8_t commands[(ACPI_FIXUPS_MAX + 2) * 128];
	size_t commands_size;
};

/* Of tables that acpi_make() made. */
void acpi_files_make(struct acpi_files *files, const struct acpi_tables *tables);

struct r0_vm;

/*
 * Have a machine with .pc offer its tables to firmware that way. Once: later calls do nothing. Returns 0, -ENOMEM, or
 * what fw_cfg_add_file() says.
 */
int acpi_offer(struct r0_vm *vm, struct error *error);

#endif /* ACPI_LINKER_H */

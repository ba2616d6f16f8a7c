/* SPDX-License-Identifier: MIT */
/*
 * Writes the ACPI tables of machines of several kinds into files of a folder, for iasl to look at:
 *
 *	acpi_tables FOLDER
 *
 * A table is FOLDER/MACHINE-SIGNATURE.aml.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "acpi/acpi.h"
#include "devices/bus.h"

static const struct {
	const char *name;
	struct acpi_machine machine;
} machines[] = {
	{ "small", { .cpus = 1 } },
	{ "usual",
	  { .cpus = 2,
	    .irqchip = true,
	    .legacy = true,
	    .fw_cfg = true,
	    .virtio = { { 0xc0000000, 0x1000, 5 },
			{ 0xc0001000, 0x1000, 6 },
			{ 0xc0002000, 0x1000, 7 } },
	    .virtio_count = 3 } },
	{ "large", { .cpus = 255, .irqchip = true, .legacy = true, .fw_cfg = true } },
};

static struct acpi_tables tables;

static const uint8_t *at(uint64_t address)
{
	return tables.bytes + (address - ACPI_AT);
}

static void write_table(const char *folder, const char *machine, uint64_t address)
{
	const uint8_t *table = at(address);
	size_t size = dev_load(table + 4, 4);
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s-%.4s.aml", folder, machine, (const char *)table);
	file = fopen(path, "w");
	if (!file || fwrite(table, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(1);
	}
	printf("%s\n", path);
}

static void write_machine(const char *folder, const char *machine)
{
	uint64_t xsdt = dev_load(at(tables.rsdp) + 24, 8), table;
	size_t size = dev_load(at(xsdt) + 4, 4), entry;

	write_table(folder, machine, xsdt);
	write_table(folder, machine, dev_load(at(tables.rsdp) + 16, 4));
	write_table(folder, machine, tables.facs);
	for (entry = 36; entry < size; entry += 8) {
		table = dev_load(at(xsdt) + entry, 8);
		write_table(folder, machine, table);
		if (!memcmp(at(table), "FACP", 4))
			write_table(folder, machine, dev_load(at(table) + 140, 8));
	}
}

int main(int argc, char **argv)
{
	struct error error = { "" };
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: acpi_tables FOLDER\n");
		return 2;
	}
	for (i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
		if (acpi_make(&tables, &machines[i].machine, &error) != 0) {
			fprintf(stderr, "%s: %s\n", machines[i].name, error.text);
			return 1;
		}
		write_machine(argv[1], machines[i].name);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables as files of fw_cfg, which firmware puts where it wants them: the tables, the RSDP, and a list of commands
 * that say what is to be placed and what has to be corrected then. The commands are those that SeaBIOS and EDK II
 * carry out: of 128 bytes each, a number and its arguments, little-endian, names in 56 bytes.
 */
#include "acpi/linker.h"
#include <string.h>
#include "devices/bus.h"

#define COMMAND_SIZE 128
#define NAME_SIZE    56

/* ALLOCATE: file; alignment; zone. ADD_POINTER: file, file pointed to, offset, width. ADD_CHECKSUM: file, offset, range. */
#define ALLOCATE     1
#define ADD_POINTER  2
#define ADD_CHECKSUM 3

#define ZONE_HIGH     1
#define ZONE_BIOS     2 /* where the RSDP is looked for */
#define RSDP_ALIGNED  16
#define TABLE_ALIGNED 64 /* the FACS */

static uint8_t *add(struct acpi_files *files, uint32_t command, const char *name)
{
	uint8_t *to = files->commands + files->commands_size;

	dev_store(to, 4, command);
	memcpy(to + 4, name, strlen(name) + 1);
	files->commands_size += COMMAND_SIZE;
	return to + 4 + NAME_SIZE;
}

static void allocate(struct acpi_files *files, const char *name, uint32_t alignment, uint8_t zone)
{
	uint8_t *to = add(files, ALLOCATE, name);

	dev_store(to, 4, alignment);
	to[4] = zone;
}

/* What it says of the RSDP is about that file, from its beginning on. */
static const char *file_of(const struct acpi_tables *tables, uint32_t *at)
{
	if (*at - (tables->rsdp - ACPI_AT) >= ACPI_RSDP_SIZE)
		return ACPI_TABLES_FILE;
	*at -= tables->rsdp - ACPI_AT;
	return ACPI_RSDP_FILE;
}

static void point(struct acpi_files *files, const struct acpi_tables *tables,
		  const struct acpi_fixup *fixup)
{
	uint32_t at = fixup->at;
	const char *name = file_of(tables, &at);
	uint8_t *place = (strcmp(name, ACPI_RSDP_FILE) ? files->tables : files->rsdp) + at, *to;

	/* From the beginning of the file that it points into. */
	dev_store(place, fixup->width, dev_load(place, fixup->width) - ACPI_AT);
	to = add(files, ADD_POINTER, name);
	memcpy(to, ACPI_TABLES_FILE, sizeof(ACPI_TABLES_FILE));
	dev_store(to + NAME_SIZE, 4, at);
	to[NAME_SIZE + 4] = fixup->width;
}

static void sum_up(struct acpi_files *files, const struct acpi_tables *tables,
		   const struct acpi_fixup *fixup)
{
	uint32_t at = fixup->at, start = fixup->start;
	const char *name = file_of(tables, &at);
	uint8_t *to = add(files, ADD_CHECKSUM, name);

	file_of(tables, &start);
	dev_store(to, 4, at);
	dev_store(to + 4, 4, start);
	dev_store(to + 8, 4, fixup->length);
}

void acpi_files_make(struct acpi_files *files, const struct acpi_tables *tables)
{
	unsigned int i;

	_Static_assert(sizeof(files->commands) == (ACPI_FIXUPS_MAX + 2) * COMMAND_SIZE,
		       "room for all");
	memset(files, 0, sizeof(*files));
	memcpy(files->tables, tables->bytes, tables->size);
	memcpy(files->rsdp, tables->bytes + (tables->rsdp - ACPI_AT), ACPI_RSDP_SIZE);
	files->tables_size = tables->size;
	allocate(files, ACPI_RSDP_FILE, RSDP_ALIGNED, ZONE_BIOS);
	allocate(files, ACPI_TABLES_FILE, TABLE_ALIGNED, ZONE_HIGH);
	/* All addresses are there before anything is added up. */
	for (i = 0; i < tables->fixup_count; i++)
		if (tables->fixups[i].width)
			point(files, tables, &tables->fixups[i]);
	for (i = 0; i < tables->fixup_count; i++)
		if (!tables->fixups[i].width)
			sum_up(files, tables, &tables->fixups[i]);
}

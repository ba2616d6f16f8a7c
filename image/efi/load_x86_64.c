/* SPDX-License-Identifier: MIT */
/*
 * An image as an EFI application: it puts the image to where there is room below 4 GiB, leaves the boot services, and
 * enters it as PVH does, with the memory map, the options and ACPI's tables told in PVH's structures. Position-independent.
 */
#include "image/efi/efi.h"
#include "image/start/payload/format.h"
#include "protocols/pvh.h"

#define OPTIONS_MAX 4000
#define MAP_SIZE    0xa000
#define RANGES_MAX  512

/* What is handed over, below 4 GiB. */
struct handover {
	struct pvh_start_info start;
	struct image_efi_more more; /* behind it */
	char words[OPTIONS_MAX + 1];
	struct pvh_range ranges[RANGES_MAX];
	uint8_t map[MAP_SIZE] __attribute__((aligned(8)));
};

/* Behind this code, filled in by image/pe_x86_64.c. */
extern const struct image_efi image_efi __attribute__((visibility("hidden")));

static void copy(void *to, const void *from, uint64_t size)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

static void zero(void *to, uint64_t size)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(0) : "memory");
}

static int is_same(const struct efi_guid *a, const struct efi_guid *b)
{
	const uint64_t *x = (const uint64_t *)a, *y = (const uint64_t *)b;

	return x[0] == y[0] && x[1] == y[1];
}

/* The table by one of two names, of which the first is of a newer version, and better. */
static uint64_t find_table(const struct efi_system_table *system, const struct efi_guid *newer,
			   const struct efi_guid *older)
{
	uint64_t found = 0, i;

	for (i = 0; i < system->table_count; i++) {
		if (is_same(&system->tables[i].vendor, newer))
			return (uint64_t)system->tables[i].table;
		if (is_same(&system->tables[i].vendor, older))
			found = (uint64_t)system->tables[i].table;
	}
	return found;
}

/* The options are UTF-16; what is not ASCII is none of an image's words. */
static void read_options(const struct efi_loaded_image *loaded, char *words)
{
	uint32_t count = loaded->options ? loaded->options_size / 2 : 0, i;

	for (i = 0; i < count && i < OPTIONS_MAX && loaded->options[i]; i++)
		words[i] = loaded->options[i] < 0x80 ? (char)loaded->options[i] : '?';
}

static int is_free(uint32_t type)
{
	return (type >= EFI_LOADER_CODE && type <= EFI_BOOT_SERVICES_DATA) ||
	       type == EFI_CONVENTIONAL_MEMORY;
}

static void add_range(struct handover *handover, const struct efi_memory_descriptor *descriptor)
{
	uint32_t count = handover->start.map_entries;
	struct pvh_range *last = count ? &handover->ranges[count - 1] : 0;

	if (!is_free(descriptor->type))
		return;
	if (last && last->address + last->size == descriptor->physical) {
		last->size += descriptor->pages * EFI_PAGE;
		return;
	}
	if (count == RANGES_MAX)
		return;
	handover->ranges[count].address = descriptor->physical;
	handover->ranges[count].size = descriptor->pages * EFI_PAGE;
	handover->ranges[count].type = PVH_MEMORY_USABLE;
	handover->start.map_entries = count + 1;
}

/* The map must be the one that was read last: 7.4.6. */
static efi_status leave(void *image, const struct efi_boot_services *services,
			struct handover *handover)
{
	uint64_t size, key, descriptor_size, at;
	efi_status status = EFI_LOAD_ERROR;
	uint32_t version;
	int tries;

	for (tries = 0; tries < 8; tries++) {
		size = MAP_SIZE;
		status = services->get_memory_map(&size, handover->map, &key, &descriptor_size,
						  &version);
		if (status)
			return status;
		status = services->exit_boot_services(image, key);
		if (status)
			continue;
		for (at = 0; at + descriptor_size <= size; at += descriptor_size)
			add_range(handover,
				  (const struct efi_memory_descriptor *)(handover->map + at));
		return 0;
	}
	return status;
}

/* With interrupts off, to the image's entry for long mode: EDI has the start info. */
static __attribute__((noreturn)) void enter(uint64_t entry, const struct pvh_start_info *start)
{
	__asm__ volatile("cli\n\tjmp *%0" : : "r"(entry), "D"(start) : "memory");
	__builtin_unreachable();
}

EFI_CALL efi_status efi_main(void *handle, struct efi_system_table *system);

EFI_CALL efi_status efi_main(void *handle, struct efi_system_table *system)
{
	static const struct efi_guid loaded_image = EFI_LOADED_IMAGE;
	static const struct efi_guid acpi_20 = EFI_ACPI_20, acpi_10 = EFI_ACPI_10;
	static const struct efi_guid smbios_3 = EFI_SMBIOS_3, smbios_2 = EFI_SMBIOS;
	static const uint16_t no_memory[] =
		L"ring0 image: there is too little memory below 4 GiB\r\n";
	const struct efi_boot_services *services = system->boot_services;
	const uint64_t pages = (image_efi.size + EFI_PAGE - 1) / EFI_PAGE;
	const uint64_t more = (sizeof(struct handover) + EFI_PAGE - 1) / EFI_PAGE;
	uint64_t image = 0xffffffff, aside = 0xffffffff;
	struct efi_loaded_image *loaded;
	struct handover *handover;
	efi_status status;

	status = services->handle_protocol(handle, &loaded_image, (void **)&loaded);
	if (status)
		return status;
	if (services->allocate_pages(EFI_ALLOCATE_MAX_ADDRESS, EFI_LOADER_DATA, pages, &image) ||
	    services->allocate_pages(EFI_ALLOCATE_MAX_ADDRESS, EFI_LOADER_DATA, more, &aside)) {
		system->console_out->output_string(system->console_out, no_memory);
		return EFI_OUT_OF_RESOURCES;
	}
	copy((void *)image, (const uint8_t *)&image_efi + image_efi.at, image_efi.size);
	handover = (struct handover *)aside;
	zero(handover, sizeof(*handover));
	read_options(loaded, handover->words);
	handover->start.magic = PVH_START_MAGIC;
	handover->start.version = PVH_START_VERSION;
	handover->start.flags = IMAGE_EFI_FLAGS;
	handover->start.command_line = (uint64_t)handover->words;
	handover->start.rsdp = find_table(system, &acpi_20, &acpi_10);
	handover->more.smbios = find_table(system, &smbios_3, &smbios_2);
	handover->start.map = (uint64_t)handover->ranges;
	status = leave(handle, services, handover);
	if (status)
		return status;
	enter(image + image_efi.entry, &handover->start);
}

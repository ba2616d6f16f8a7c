/* SPDX-License-Identifier: MIT */
/* Multiboot, Multiboot 2 and PVH, as the kernel sees them. */
#include "image/start/hardware/loader_x86_64.h"
#include <ring0/x86.h>
#include "guest/text/bytes.h"
#include "image/start/payload/format.h"
#include "protocols/multiboot.h"
#include "protocols/multiboot2.h"
#include "protocols/pvh.h"

#define MULTIBOOT_EXTENDED 0x100000 /* where the upper memory begins: 3.3 */

/* What Xen's PVH domain 0 has at least, as of version 4.17, which hands over no map. */
#define MEMORY_UNSAID 0x8000000

struct loader loader;

static void add(struct range *ranges, unsigned int *count, uint64_t start, uint64_t size)
{
	if (!size || start + size < start || *count == LOADER_RANGES)
		return;
	ranges[(*count)++] = (struct range){ start, start + size };
}

static void add_ram(uint64_t start, uint64_t size)
{
	add(loader.ram, &loader.ram_count, start, size);
}

static void take(uint64_t start, uint64_t size)
{
	add(loader.taken, &loader.taken_count, start, size);
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = length_of(from);

	length = length < size - 1 ? length : size - 1;
	copy_bytes(to, from, length);
	to[length] = '\0';
}

static void read_multiboot(const struct multiboot_information *information)
{
	const char *map = r0_direct(information->map), *end = map + information->map_size;
	const struct multiboot_module *modules = r0_direct(information->modules);
	uint32_t i;

	loader.protocol = "Multiboot";
	loader.names_image = true;
	if (information->flags & MULTIBOOT_HAS_COMMAND_LINE)
		copy_text(loader.words, sizeof(loader.words), r0_direct(information->command_line));
	if (information->flags & MULTIBOOT_HAS_LOADER_NAME)
		copy_text(loader.name, sizeof(loader.name), r0_direct(information->loader_name));
	if (information->flags & MULTIBOOT_HAS_MODULES)
		for (i = 0; i < information->module_count; i++)
			take(modules[i].start, modules[i].end - modules[i].start);
	if (!(information->flags & MULTIBOOT_HAS_MAP)) {
		add_ram(MULTIBOOT_EXTENDED, (uint64_t)information->memory_upper << 10);
		return;
	}
	while (map < end) {
		const struct multiboot_range *range = (const struct multiboot_range *)map;

		if (range->type == MULTIBOOT_MEMORY_USABLE)
			add_ram(range->address, range->length);
		map += range->size + sizeof(range->size);
	}
}

static void read_map(const struct multiboot2_map *map)
{
	const char *at = (const char *)(map + 1), *end = (const char *)map + map->tag.size;

	for (; map->entry_size && at < end; at += map->entry_size) {
		const struct multiboot2_range *range = (const struct multiboot2_range *)at;

		if (range->type == MULTIBOOT_MEMORY_USABLE)
			add_ram(range->address, range->length);
	}
}

/* The tag has a copy, not the address: the new one is the better. */
static void read_rsdp(const struct multiboot2_tag *tag)
{
	size_t size = tag->size - sizeof(*tag);

	if (size > sizeof(loader.rsdp_copy))
		size = sizeof(loader.rsdp_copy);
	copy_bytes(loader.rsdp_copy, tag + 1, size);
	loader.has_rsdp_copy = true;
}

static void read_multiboot2(const struct multiboot2_information *information)
{
	const char *at = (const char *)(information + 1);
	bool has_new = false;

	loader.protocol = "Multiboot 2";
	for (;;) {
		const struct multiboot2_tag *tag = (const struct multiboot2_tag *)at;
		const struct multiboot2_module *module = (const struct multiboot2_module *)tag;

		switch (tag->type) {
		case MULTIBOOT2_END:
			return;
		case MULTIBOOT2_COMMAND_LINE:
			copy_text(loader.words, sizeof(loader.words), (const char *)(tag + 1));
			break;
		case MULTIBOOT2_LOADER_NAME:
			copy_text(loader.name, sizeof(loader.name), (const char *)(tag + 1));
			break;
		case MULTIBOOT2_MODULE:
			take(module->start, module->end - module->start);
			break;
		case MULTIBOOT2_MAP:
			read_map((const struct multiboot2_map *)tag);
			break;
		case MULTIBOOT2_ACPI_OLD:
			if (!has_new)
				read_rsdp(tag);
			break;
		case MULTIBOOT2_ACPI_NEW:
			has_new = true;
			read_rsdp(tag);
			break;
		}
		at += (tag->size + 7) & ~7u;
	}
}

static void read_pvh(const struct pvh_start_info *start)
{
	const struct pvh_range *map = r0_direct(start->map);
	const struct pvh_module *modules = r0_direct(start->modules);
	uint32_t i;

	loader.protocol = start->flags == IMAGE_EFI_FLAGS ? "UEFI" : "PVH";
	/* UEFI's shell puts the file's name before its arguments. */
	loader.names_image = start->flags == IMAGE_EFI_FLAGS;
	if (start->command_line)
		copy_text(loader.words, sizeof(loader.words), r0_direct(start->command_line));
	loader.rsdp = start->rsdp;
	if (start->flags == IMAGE_EFI_FLAGS)
		loader.smbios = ((const struct image_efi_more *)(start + 1))->smbios;
	for (i = 0; i < start->module_count; i++)
		take(modules[i].address, modules[i].size);
	if (start->version < PVH_START_VERSION || !start->map_entries) {
		add_ram(0, MEMORY_UNSAID);
		return;
	}
	for (i = 0; i < start->map_entries; i++)
		if (map[i].type == PVH_MEMORY_USABLE)
			add_ram(map[i].address, map[i].size);
}

void loader_read(uint32_t magic, uint32_t information)
{
	const void *at = r0_direct(information);

	loader.protocol = "an unknown boot loader";
	if (magic == MULTIBOOT_LOADER_MAGIC)
		read_multiboot(at);
	else if (magic == MULTIBOOT2_LOADER_MAGIC)
		read_multiboot2(at);
	else if (magic == PVH_START_MAGIC)
		read_pvh(at);
}

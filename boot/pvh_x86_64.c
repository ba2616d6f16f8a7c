/* SPDX-License-Identifier: MIT */
/*
 * Xen's x86/HVM direct boot ABI (docs/misc/pvh.pandoc), by the ELF note PHYS32_ENTRY (18) of
 * public/elfnote.h, with the structures of public/arch-x86/hvm/start_info.h.
 */
#include <errno.h>
#include "boot/elf_kernel_x86_64.h"
#include "boot/modules.h"
#include "boot/protocol.h"
#include "boot/setup_x86_64.h"
#include "boot/structures.h"

#define NOTE_NAME	  "Xen"
#define NOTE_PHYS32_ENTRY 18

#define START_MAGIC   0x336ec578u
#define START_VERSION 1 /* has a memory map */

struct start_info {
	uint32_t magic, version, flags;
	uint32_t module_count;
	uint64_t modules;
	uint64_t command_line;
	uint64_t rsdp;
	uint64_t map;
	uint32_t map_entries;
	uint32_t reserved;
};

struct module_entry {
	uint64_t address, size, command_line, reserved;
};

struct map_entry {
	uint64_t address, size;
	uint32_t type, reserved;
};

static bool find_entry(const struct elf_file *file, uint64_t *entry)
{
	uint32_t size;
	const uint8_t *note = elf_file_note(file, NOTE_NAME, NOTE_PHYS32_ENTRY, &size);

	if (!note || (size != sizeof(uint32_t) && size != sizeof(uint64_t)))
		return false;
	*entry = 0;
	memcpy(entry, note, size);
	return true;
}

static bool is(const struct boot_image *image)
{
	struct elf_file file;
	uint64_t entry;

	return !elf_file_open(&file, image, NULL) && find_entry(&file, &entry);
}

static int add_map(struct boot_setup *setup, struct start_info *start, struct error *error)
{
	const struct memory_map *map = setup->map;
	uint8_t *made;
	size_t i;
	int err = boot_setup_make_room(setup, "a memory map", map->count * sizeof(struct map_entry),
				       &boot_room_small, &made, &start->map, error);

	for (i = 0; i < map->count && !err; i++) {
		const struct map_entry entry = {
			.address = map->ranges[i].address,
			.size = map->ranges[i].size,
			.type = map->ranges[i].type,
		};

		memcpy(made + i * sizeof(entry), &entry, sizeof(entry));
	}
	start->map_entries = (uint32_t)map->count;
	return err;
}

static void fill_module(uint8_t *made, const struct boot_module_place *place)
{
	const struct module_entry entry = {
		.address = place->address,
		.size = place->size,
		.command_line = place->text,
	};

	memcpy(made, &entry, sizeof(entry));
}

static int add_modules(struct boot_setup *setup, const struct boot_request *request,
		       struct start_info *start, struct error *error)
{
	start->module_count = (uint32_t)request->module_count;
	return boot_place_module_list(setup, request, sizeof(struct module_entry), fill_module,
				      &start->modules, error);
}

static int setup_pvh(struct boot_setup *setup, const struct boot_request *request,
		     struct error *error)
{
	struct start_info start = {
		.magic = START_MAGIC,
		.version = START_VERSION,
		.rsdp = request->rsdp,
	};
	struct elf_file file;
	uint64_t entry, address;
	uint8_t *made;
	int err = elf_kernel_open(&file, &request->image, error);

	if (err)
		return err;
	if (!find_entry(&file, &entry))
		return error_set(error, ENOEXEC,
				 "it has no ELF note PHYS32_ENTRY (Xen, 18): it is for no PVH");
	err = boot_setup_add_elf(setup, &file, error);
	if (!err)
		err = add_modules(setup, request, &start, error);
	if (!err)
		err = add_map(setup, &start, error);
	if (!err)
		err = boot_setup_place_text(setup, "the command line", request->command_line,
					    &start.command_line, error);
	if (!err)
		err = boot_setup_make_room(setup, "PVH's start info", sizeof(start),
					   &boot_room_small, &made, &address, error);
	if (err)
		return err;
	memcpy(made, &start, sizeof(start));
	setup->registers.rbx = address;
	return boot_setup_enter_32(setup, entry, error);
}

const struct boot_protocol boot_pvh = { is, setup_pvh };

/* SPDX-License-Identifier: MIT */
/* Multiboot Specification, version 0.6.96. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "boot/elf_kernel_x86_64.h"
#include "boot/modules.h"
#include "boot/protocol.h"
#include "boot/setup_x86_64.h"
#include "boot/structures.h"

/* 3.1: the header lies in the first 8192 bytes, at a multiple of 4. */
#define HEADER_WITHIN 8192
#define HEADER_MAGIC  0x1badb002u

/* 3.1.2: what the kernel can't do without. */
#define NEEDS_ALIGNED_MODULES (1u << 0)
#define NEEDS_MEMORY	      (1u << 1)
#define NEEDS_VIDEO	      (1u << 2) /* a wish for a mode: there is no video, and we say so */
#define NEEDS_KNOWN	      (NEEDS_ALIGNED_MODULES | NEEDS_MEMORY | NEEDS_VIDEO)
#define NEEDS_ANY	      0xffffu
#define HAS_ADDRESSES	      (1u << 16)

/* 3.2 */
#define LOADER_MAGIC 0x2badb002u

/* 3.3: the information structure, and which of its members are there. */
#define HAS_MEMORY	 (1u << 0)
#define HAS_COMMAND_LINE (1u << 2)
#define HAS_MODULES	 (1u << 3)
#define HAS_MAP		 (1u << 6)
#define HAS_LOADER_NAME	 (1u << 9)

struct information {
	uint32_t flags;
	uint32_t memory_lower, memory_upper; /* in KiB */
	uint32_t boot_device;
	uint32_t command_line;
	uint32_t module_count, modules;
	uint32_t symbols[4];
	uint32_t map_size, map;
	uint32_t drives_size, drives;
	uint32_t configuration;
	uint32_t loader_name;
	uint32_t others[13]; /* APM, VBE, framebuffer: there are none */
};

struct header {
	uint32_t magic, flags, checksum;
	/* With HAS_ADDRESSES: */
	uint32_t header_address, load_address, load_end, bss_end, entry;
};

#define HEADER_SHORT 12

/* 3.3: an entry of the map, of which the size counts what follows it. */
#define MAP_ENTRY_SIZE 24

#define MODULE_SIZE 16

/* Where the header is, with all that it says it has; false if there is none. */
static bool find_header(const struct boot_image *image, struct header *header, uint64_t *at)
{
	for (*at = 0; *at + HEADER_SHORT <= HEADER_WITHIN; *at += 4) {
		*header = (struct header){ 0 };
		if (!boot_image_read(image, *at, header, HEADER_SHORT))
			return false;
		if (header->magic != HEADER_MAGIC ||
		    header->magic + header->flags + header->checksum != 0)
			continue;
		return !(header->flags & HAS_ADDRESSES) ||
		       boot_image_read(image, *at, header, sizeof(*header));
	}
	return false;
}

/* A header in what is no ELF file, and that does not say where what goes, is that of a kernel in it. */
static bool is(const struct boot_image *image)
{
	struct header header;
	uint64_t at;

	return find_header(image, &header, &at) &&
	       (header.flags & HAS_ADDRESSES || elf_file_is(image));
}

/* 3.1.3: a file of any format, of which the header itself says what goes where. */
static int add_by_addresses(struct boot_setup *setup, const struct boot_image *image,
			    const struct header *header, uint64_t at, struct error *error)
{
	uint64_t before = (uint64_t)header->header_address - header->load_address, size, memory;

	if (header->header_address < header->load_address || before > at)
		return error_set(error, ENOEXEC,
				 "its Multiboot header belongs at %#x, but the loaded part begins "
				 "at %#x, which is not in the file",
				 header->header_address, header->load_address);
	size = image->size - (at - before);
	/* 0: all of the file. */
	if (header->load_end && header->load_end < header->load_address)
		size = UINT64_MAX;
	else if (header->load_end)
		size = header->load_end - header->load_address;
	if (!boot_image_at(image, at - before, size))
		return error_set(error, ENOEXEC,
				 "its Multiboot header loads %#x to %#x, which is more than "
				 "the file of %llu bytes has",
				 header->load_address, header->load_end,
				 (unsigned long long)image->size);
	memory = size;
	if (header->bss_end && header->bss_end >= header->load_address &&
	    header->bss_end - header->load_address > size)
		memory = header->bss_end - header->load_address;
	return boot_setup_add(setup, "it", header->load_address, image->data + (at - before), size,
			      memory, error);
}

static int add_kernel(struct boot_setup *setup, const struct boot_image *image, uint64_t *entry,
		      uint32_t *flags, struct error *error)
{
	struct elf_file file;
	struct header header;
	uint64_t at;
	int err;

	if (!find_header(image, &header, &at))
		return error_set(error, ENOEXEC, "it has no Multiboot header in its first %d bytes",
				 HEADER_WITHIN);
	*flags = header.flags;
	if (header.flags & NEEDS_ANY & ~NEEDS_KNOWN)
		return error_set(
			error, ENOTSUP,
			"its Multiboot header requires features that ring0 does not know, flags %#x",
			header.flags & NEEDS_ANY & ~NEEDS_KNOWN);
	*entry = header.entry;
	if (header.flags & HAS_ADDRESSES)
		return add_by_addresses(setup, image, &header, at, error);
	err = elf_kernel_open(&file, image, error);
	if (!err)
		err = boot_setup_add_elf(setup, &file, error);
	if (!err)
		*entry = elf_file_physical_entry(&file);
	return err;
}

static int add_map(struct boot_setup *setup, struct information *information, struct error *error)
{
	const struct memory_map *map = setup->map;
	uint64_t address;
	uint8_t *made;
	size_t i;
	int err = boot_setup_make_room(setup, "a memory map", map->count * MAP_ENTRY_SIZE,
				       &boot_room_small, &made, &address, error);

	if (err)
		return err;
	for (i = 0; i < map->count; i++, made += MAP_ENTRY_SIZE) {
		store_32(made, MAP_ENTRY_SIZE - sizeof(uint32_t));
		store_64(made + 4, map->ranges[i].address);
		store_64(made + 12, map->ranges[i].size);
		store_32(made + 20, map->ranges[i].type);
		/* Up to the first hole, from each of these addresses on. */
		if (map->ranges[i].type != MEMORY_MAP_USABLE)
			continue;
		if (!map->ranges[i].address)
			information->memory_lower = (uint32_t)(map->ranges[i].size >> 10);
		if (map->ranges[i].address == MEMORY_MAP_EXTENDED)
			information->memory_upper = (uint32_t)(map->ranges[i].size >> 10);
	}
	information->flags |= HAS_MEMORY | HAS_MAP;
	information->map = (uint32_t)address;
	information->map_size = (uint32_t)(map->count * MAP_ENTRY_SIZE);
	return 0;
}

static void fill_module(uint8_t *made, const struct boot_module_place *place)
{
	store_32(made, place->address);
	store_32(made + 4, place->address + place->size);
	store_32(made + 8, place->text);
}

static int add_modules(struct boot_setup *setup, const struct boot_request *request,
		       struct information *information, struct error *error)
{
	uint64_t address = 0;
	int err;

	err = boot_place_module_list(setup, request, MODULE_SIZE, fill_module, &address, error);
	if (err || !request->module_count)
		return err;
	information->flags |= HAS_MODULES;
	information->module_count = (uint32_t)request->module_count;
	information->modules = (uint32_t)address;
	return 0;
}

/* The kernel's name comes first, as a program's arguments have it. */
static int add_command_line(struct boot_setup *setup, const struct boot_request *request,
			    struct information *information, struct error *error)
{
	const char *between = *request->name && *request->command_line ? " " : "";
	uint64_t address = 0;
	char *text;
	int err;

	if (asprintf(&text, "%s%s%s", request->name, between, request->command_line) < 0)
		return error_set(error, ENOMEM, "no memory for the command line");
	err = boot_setup_place_text(setup, "the command line", text, &address, error);
	free(text);
	information->flags |= HAS_COMMAND_LINE;
	information->command_line = (uint32_t)address;
	return err;
}

static int add_loader_name(struct boot_setup *setup, struct information *information,
			   struct error *error)
{
	uint64_t address = 0;
	int err = boot_setup_place_text(setup, "the boot loader's name", BOOT_LOADER_NAME, &address,
					error);

	information->flags |= HAS_LOADER_NAME;
	information->loader_name = (uint32_t)address;
	return err;
}

static int setup_multiboot(struct boot_setup *setup, const struct boot_request *request,
			   struct error *error)
{
	struct information information = { 0 };
	uint64_t entry = 0, address;
	uint32_t flags = 0;
	uint8_t *made;
	int err = add_kernel(setup, &request->image, &entry, &flags, error);

	/* Modules first: they are large, and kernels look for them behind themselves. */
	if (!err)
		err = add_modules(setup, request, &information, error);
	if (!err)
		err = add_map(setup, &information, error);
	if (!err)
		err = add_command_line(setup, request, &information, error);
	if (!err)
		err = add_loader_name(setup, &information, error);
	if (!err)
		err = boot_setup_make_room(setup, "Multiboot's information", sizeof(information),
					   &boot_room_small, &made, &address, error);
	if (err)
		return err;
	memcpy(made, &information, sizeof(information));
	setup->registers.rax = LOADER_MAGIC;
	setup->registers.rbx = address;
	return boot_setup_enter_32(setup, entry, error);
}

const struct boot_protocol boot_multiboot = { is, setup_multiboot };

/* SPDX-License-Identifier: MIT */
/* Multiboot2 Specification, version 2.0. */
#include <errno.h>
#include <stdlib.h>
#include "base/buffer.h"
#include "boot/elf_kernel_x86_64.h"
#include "boot/modules.h"
#include "boot/protocol.h"
#include "boot/setup_x86_64.h"
#include "boot/structures.h"

/* 3.1.1: the header lies in the first 32768 bytes, at a multiple of 8. */
#define HEADER_WITHIN 32768
#define HEADER_MAGIC  0xe85250d6u
#define HEADER_SIZE   16
#define MACHINE_I386  0

/* 3.1.3 and on: its tags. Whatever is not optional has to be understood. */
#define TAG_SIZE     8
#define TAG_OPTIONAL 1

enum {
	TAG_END,
	TAG_INFORMATION,
	TAG_ADDRESSES,
	TAG_ENTRY,
	TAG_CONSOLE,
	TAG_FRAMEBUFFER,
	TAG_ALIGNED_MODULES,
	TAG_EFI_SERVICES,
	TAG_EFI_ENTRY_32,
	TAG_EFI_ENTRY_64,
	TAG_RELOCATABLE,
};

/* 3.3 */
#define LOADER_MAGIC 0x36d76289u

/* 3.6: the types of what a kernel is told. */
enum {
	INFORMATION_END = 0,
	INFORMATION_COMMAND_LINE = 1,
	INFORMATION_LOADER_NAME = 2,
	INFORMATION_MODULE = 3,
	INFORMATION_MEMORY = 4,
	INFORMATION_MAP = 6,
	INFORMATION_ACPI_OLD = 14,
	INFORMATION_ACPI_NEW = 15,
	INFORMATION_LOAD_BASE = 21,
};

#define MAP_ENTRY_SIZE 24

/* ACPI 6.5, 5.2.5.3: version 1 has the first 20 bytes alone. */
#define RSDP_SIZE_1 20

struct header {
	struct boot_image tags; /* what follows it */
	uint64_t at;		/* in the file */
	bool has_addresses, has_entry, is_relocatable;
	uint32_t header_address, load_address, load_end, bss_end;
	uint32_t entry;
};

/* Where it is, its tags not looked at; false if there is none. */
static bool find_header(const struct boot_image *image, struct header *header)
{
	uint32_t words[HEADER_SIZE / sizeof(uint32_t)];
	const uint8_t *tags;

	*header = (struct header){ 0 };
	for (; header->at + HEADER_SIZE <= HEADER_WITHIN; header->at += 8) {
		if (!boot_image_read(image, header->at, words, sizeof(words)))
			return false;
		if (words[0] != HEADER_MAGIC || words[0] + words[1] + words[2] + words[3] != 0 ||
		    words[2] < HEADER_SIZE)
			continue;
		tags = boot_image_at(image, header->at, words[2]);
		if (!tags)
			continue;
		header->tags = (struct boot_image){ tags + HEADER_SIZE, words[2] - HEADER_SIZE };
		return words[1] == MACHINE_I386;
	}
	return false;
}

static bool is_told(uint32_t type, const struct boot_request *request)
{
	switch (type) {
	case INFORMATION_END:
	case INFORMATION_COMMAND_LINE:
	case INFORMATION_LOADER_NAME:
	case INFORMATION_MODULE:
	case INFORMATION_MEMORY:
	case INFORMATION_MAP:
	case INFORMATION_LOAD_BASE:
		return true;
	case INFORMATION_ACPI_OLD:
	case INFORMATION_ACPI_NEW:
		return request->rsdp_bytes;
	default:
		return false;
	}
}

static int check_wanted(const struct boot_image *tag, const struct boot_request *request,
			struct error *error)
{
	uint64_t at;
	uint32_t type;

	for (at = TAG_SIZE; boot_image_read(tag, at, &type, sizeof(type)); at += sizeof(type))
		if (!is_told(type, request))
			return error_set(error, ENOTSUP,
					 "its Multiboot 2 header requires information of type "
					 "%u, which ring0 does not have",
					 type);
	return 0;
}

static bool is_understood(uint16_t type)
{
	switch (type) {
	case TAG_CONSOLE:
	case TAG_ALIGNED_MODULES:
	/* Of EFI's, which is another way to start. */
	case TAG_EFI_SERVICES:
	case TAG_EFI_ENTRY_32:
	case TAG_EFI_ENTRY_64:
		return true;
	default:
		return false;
	}
}

static int take_tag(struct header *header, uint16_t type, bool optional,
		    const struct boot_image *tag, const struct boot_request *request,
		    struct error *error)
{
	const uint8_t *value = tag->data + TAG_SIZE;

	if (type == TAG_INFORMATION)
		return optional ? 0 : check_wanted(tag, request, error);
	if (type == TAG_ADDRESSES && tag->size >= TAG_SIZE + 16) {
		header->has_addresses = true;
		header->header_address = load_32(value);
		header->load_address = load_32(value + 4);
		header->load_end = load_32(value + 8);
		header->bss_end = load_32(value + 12);
		return 0;
	}
	if (type == TAG_ENTRY && tag->size >= TAG_SIZE + 4) {
		header->has_entry = true;
		header->entry = load_32(value);
		return 0;
	}
	/* Where it is linked suits it, too. */
	header->is_relocatable |= type == TAG_RELOCATABLE;
	if (optional || is_understood(type) || type == TAG_RELOCATABLE)
		return 0;
	if (type == TAG_FRAMEBUFFER)
		return error_set(error, ENOTSUP,
				 "its Multiboot 2 header needs a framebuffer, and there is none");
	return error_set(error, ENOTSUP,
			 "its Multiboot 2 header has a tag of type %u and %llu bytes that is not "
			 "optional, and not known",
			 type, (unsigned long long)tag->size);
}

/* The tag at `at`, which is moved on: 1; 0 where there is none any more; -ENOEXEC if it is damaged. */
static int next_tag(const struct header *header, uint64_t *at, uint32_t words[2],
		    struct boot_image *tag, struct error *error)
{
	/* GRUB takes a header without the last tag, too. */
	if (!boot_image_read(&header->tags, *at, words, TAG_SIZE) || (uint16_t)words[0] == TAG_END)
		return 0;
	*tag = (struct boot_image){ boot_image_at(&header->tags, *at, words[1]), words[1] };
	if (!tag->data || tag->size < TAG_SIZE) {
		error_set(error, ENOEXEC,
			  "its Multiboot 2 header has a tag of %u bytes, which is more or "
			  "less than there is",
			  words[1]);
		return -ENOEXEC;
	}
	*at += (tag->size + 7) & ~7ull;
	return 1;
}

static int take_tags(struct header *header, const struct boot_request *request, struct error *error)
{
	struct boot_image tag;
	uint32_t words[2];
	uint64_t at = 0;
	int err;

	for (err = next_tag(header, &at, words, &tag, error); err > 0;
	     err = next_tag(header, &at, words, &tag, error)) {
		err = take_tag(header, (uint16_t)words[0], words[0] >> 16 & TAG_OPTIONAL, &tag,
			       request, error);
		if (err)
			return err;
	}
	return err;
}

static bool has_tag(const struct header *header, uint16_t type)
{
	struct boot_image tag;
	uint32_t words[2];
	uint64_t at = 0;

	while (next_tag(header, &at, words, &tag, NULL) > 0)
		if ((uint16_t)words[0] == type)
			return true;
	return false;
}

/* A header in what is no ELF file, and that does not say where what goes, is that of a kernel in it. */
static bool is(const struct boot_image *image)
{
	struct header header;

	if (!find_header(image, &header))
		return false;
	return elf_file_is(image) || has_tag(&header, TAG_ADDRESSES);
}

/* 3.1.4 */
static int add_by_addresses(struct boot_setup *setup, const struct boot_image *image,
			    const struct header *header, struct error *error)
{
	bool whole = header->load_address == UINT32_MAX;
	uint64_t before = whole ? header->at :
				  (uint64_t)header->header_address - header->load_address;
	uint64_t load = whole ? (uint64_t)header->header_address - header->at :
				header->load_address;
	uint64_t size, memory;

	if (before > header->at || load > UINT32_MAX)
		return error_set(
			error, ENOEXEC,
			"its Multiboot 2 header belongs at %#x, but the loaded part begins "
			"at %#x, which is not in the file",
			header->header_address, header->load_address);
	size = header->load_end ? header->load_end - load : image->size - (header->at - before);
	if ((header->load_end && header->load_end < load) ||
	    !boot_image_at(image, header->at - before, size))
		return error_set(error, ENOEXEC,
				 "its Multiboot 2 header loads %#llx to %#x, which is more than "
				 "the file of %llu bytes has",
				 (unsigned long long)load, header->load_end,
				 (unsigned long long)image->size);
	memory = size;
	if (header->bss_end && header->bss_end >= load && header->bss_end - load > size)
		memory = header->bss_end - load;
	return boot_setup_add(setup, "it", load, image->data + (header->at - before), size, memory,
			      error);
}

static int add_kernel(struct boot_setup *setup, const struct boot_request *request,
		      struct header *header, uint64_t *entry, struct error *error)
{
	struct elf_file file;
	int err;

	if (!find_header(&request->image, header))
		return error_set(error, ENOEXEC,
				 "it has no Multiboot 2 header for i386 in its first %d bytes",
				 HEADER_WITHIN);
	err = take_tags(header, request, error);
	if (err)
		return err;
	*entry = header->entry;
	if (header->has_addresses) {
		if (!header->has_entry)
			return error_set(error, ENOEXEC,
					 "its Multiboot 2 header has addresses, but no entry");
		return add_by_addresses(setup, &request->image, header, error);
	}
	err = elf_kernel_open(&file, &request->image, error);
	if (!err)
		err = boot_setup_add_elf(setup, &file, error);
	if (!err && !header->has_entry)
		*entry = elf_file_physical_entry(&file);
	return err;
}

/* The information, tag by tag, each at a multiple of 8. */
static void begin_tag(struct buffer *to, uint32_t type, uint64_t size)
{
	static const uint8_t zeros[8];
	const uint32_t head[] = { type, (uint32_t)(TAG_SIZE + size) };

	buffer_add(to, zeros, -to->length & 7);
	buffer_add(to, head, sizeof(head));
}

static void add_text(struct buffer *to, uint32_t type, const char *text)
{
	begin_tag(to, type, strlen(text) + 1);
	buffer_add(to, text, strlen(text) + 1);
}

static int add_modules(struct boot_setup *setup, const struct boot_request *request,
		       struct buffer *to, struct error *error)
{
	struct boot_module_place *places;
	size_t i;
	int err = boot_place_modules(setup, request, &places, error);

	if (err)
		return err;
	for (i = 0; i < request->module_count; i++) {
		const struct r0_boot_module *module = &request->modules[i];
		const char *text = module->text ? module->text : "";
		const uint32_t range[] = { (uint32_t)places[i].address,
					   (uint32_t)(places[i].address + module->size) };

		begin_tag(to, INFORMATION_MODULE, sizeof(range) + strlen(text) + 1);
		buffer_add(to, range, sizeof(range));
		buffer_add(to, text, strlen(text) + 1);
	}
	free(places);
	return 0;
}

static void add_memory(struct buffer *to, const struct memory_map *map)
{
	const uint32_t sizes[] = { MAP_ENTRY_SIZE, 0 };
	uint32_t memory[2] = { 0 };
	size_t i;

	for (i = 0; i < map->count; i++) {
		const struct memory_map_range *range = &map->ranges[i];

		if (range->type == MEMORY_MAP_USABLE && !range->address)
			memory[0] = (uint32_t)(range->size >> 10);
		if (range->type == MEMORY_MAP_USABLE && range->address == MEMORY_MAP_EXTENDED)
			memory[1] = (uint32_t)(range->size >> 10);
	}
	begin_tag(to, INFORMATION_MEMORY, sizeof(memory));
	buffer_add(to, memory, sizeof(memory));
	begin_tag(to, INFORMATION_MAP, sizeof(sizes) + map->count * MAP_ENTRY_SIZE);
	buffer_add(to, sizes, sizeof(sizes));
	for (i = 0; i < map->count; i++) {
		const uint32_t type[] = { map->ranges[i].type, 0 };

		buffer_add(to, &map->ranges[i].address, sizeof(uint64_t));
		buffer_add(to, &map->ranges[i].size, sizeof(uint64_t));
		buffer_add(to, type, sizeof(type));
	}
}

static void add_rsdp(struct buffer *to, const struct boot_request *request)
{
	size_t old = request->rsdp_size < RSDP_SIZE_1 ? request->rsdp_size : RSDP_SIZE_1;

	if (!request->rsdp_bytes)
		return;
	begin_tag(to, INFORMATION_ACPI_OLD, old);
	buffer_add(to, request->rsdp_bytes, old);
	begin_tag(to, INFORMATION_ACPI_NEW, request->rsdp_size);
	buffer_add(to, request->rsdp_bytes, request->rsdp_size);
}

static int add_information(struct boot_setup *setup, struct buffer *information,
			   struct error *error)
{
	uint64_t address;
	uint8_t *made;
	int err;

	if (information->cut || !information->text)
		return error_set(error, ENOMEM, "no memory for Multiboot 2's information");
	err = boot_setup_make_room(setup, "Multiboot 2's information", information->length,
				   &boot_room_small, &made, &address, error);
	if (err)
		return err;
	memcpy(made, information->text, information->length);
	store_32(made, information->length);
	setup->registers.rax = LOADER_MAGIC;
	setup->registers.rbx = address;
	return 0;
}

static int setup_multiboot2(struct boot_setup *setup, const struct boot_request *request,
			    struct error *error)
{
	static const uint8_t fixed[8]; /* the size of all, filled in at the end, and 0 */
	struct buffer information = { 0 };
	struct header header;
	uint64_t entry = 0;
	int err = add_kernel(setup, request, &header, &entry, error);

	if (err)
		return err;
	buffer_add(&information, fixed, sizeof(fixed));
	add_text(&information, INFORMATION_COMMAND_LINE, request->command_line);
	add_text(&information, INFORMATION_LOADER_NAME, BOOT_LOADER_NAME);
	err = add_modules(setup, request, &information, error);
	add_memory(&information, setup->map);
	add_rsdp(&information, request);
	if (header.is_relocatable) {
		const uint32_t base = (uint32_t)setup->segments[0].address;

		begin_tag(&information, INFORMATION_LOAD_BASE, sizeof(base));
		buffer_add(&information, &base, sizeof(base));
	}
	begin_tag(&information, INFORMATION_END, 0);
	if (!err)
		err = add_information(setup, &information, error);
	free(buffer_take(&information));
	return err ? err : boot_setup_enter_32(setup, entry, error);
}

const struct boot_protocol boot_multiboot2 = { is, setup_multiboot2 };

/* SPDX-License-Identifier: MIT */
/*
 * Linux's boot protocol (Documentation/arch/x86/boot.rst): a bzImage by the 64-bit protocol, or, where
 * it has none, the 32-bit one; a vmlinux by the 64-bit one. The zero page is that of
 * Documentation/arch/x86/zero-page.rst.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "boot/elf_kernel_x86_64.h"
#include "boot/modules.h"
#include "boot/protocol.h"
#include "boot/setup_x86_64.h"
#include "boot/structures.h"

/* In the file and in the zero page alike. */
#define SETUP_SECTORS	    0x1f1
#define SYSTEM_SIZE	    0x1f4 /* in units of 16 bytes */
#define BOOT_FLAG	    0x1fe
#define HEADER_JUMP	    0x200 /* a short jump, whose offset says where the header ends */
#define HEADER_MAGIC	    0x202
#define VERSION		    0x206
#define LOADER_TYPE	    0x210
#define LOAD_FLAGS	    0x211
#define CODE32_START	    0x214
#define RAMDISK		    0x218
#define RAMDISK_SIZE	    0x21c
#define COMMAND_LINE	    0x228
#define RAMDISK_LAST	    0x22c
#define KERNEL_ALIGNMENT    0x230
#define RELOCATABLE	    0x234
#define EXTENDED_LOAD_FLAGS 0x236
#define COMMAND_LINE_SIZE   0x238
#define PREFERRED_ADDRESS   0x258
#define INITIAL_SIZE	    0x260

/* In the zero page. */
#define ACPI_RSDP	0x070
#define E820_COUNT	0x1e8
#define E820_TABLE	0x2d0
#define E820_ENTRY_SIZE 20

#define ZERO_PAGE_SIZE	4096
#define SECTOR		512
#define HEADER_END_MAX	0x280
#define ENTRY_64	0x200
#define BOOT_FLAG_VALUE 0xaa55
#define MAGIC		0x53726448u /* "HdrS" */
#define LOADED_HIGH	0x01
#define HAS_ENTRY_64	0x0001
#define LOADER_UNKNOWN	0xff
#define HIGH_ADDRESS	0x100000ul

/* What each of these versions brought. */
#define VERSION_RELOCATABLE  0x205
#define VERSION_COMMAND_LINE 0x206
#define VERSION_PREFERRED    0x20a
#define VERSION_64	     0x20c

struct header {
	uint8_t bytes[ZERO_PAGE_SIZE]; /* from the file, at the same offsets */
	uint16_t version;
	uint64_t kernel_at, kernel_size; /* in the file */
};

static uint16_t get_16(const struct header *header, size_t at)
{
	uint16_t value;

	memcpy(&value, header->bytes + at, sizeof(value));
	return value;
}

static uint32_t get_32(const struct header *header, size_t at)
{
	return load_32(header->bytes + at);
}

static uint64_t get_64(const struct header *header, size_t at)
{
	uint64_t value;

	memcpy(&value, header->bytes + at, sizeof(value));
	return value;
}

static bool is_bzimage(const struct boot_image *image)
{
	const uint8_t *flag = boot_image_at(image, BOOT_FLAG, 2);
	const uint8_t *magic = boot_image_at(image, HEADER_MAGIC, 4);

	return flag && magic && flag[0] == (BOOT_FLAG_VALUE & 0xff) &&
	       flag[1] == BOOT_FLAG_VALUE >> 8 && load_32(magic) == MAGIC;
}

/* An ELF file with a note of Linux's: its salt, its version. */
static bool is_vmlinux(const struct boot_image *image)
{
	struct elf_file file;

	return !elf_file_open(&file, image, NULL) && elf_file_has_note(&file, "Linux");
}

static bool is(const struct boot_image *image)
{
	return is_bzimage(image) || is_vmlinux(image);
}

static int read_header(struct header *header, const struct boot_image *image, struct error *error)
{
	unsigned int sectors;
	uint64_t least;
	uint8_t jump;
	size_t end;

	*header = (struct header){ 0 };
	if (!boot_image_read(image, HEADER_JUMP + 1, &jump, 1))
		return error_set(error, ENOEXEC, "its setup header is cut off");
	end = HEADER_MAGIC + (size_t)jump;
	if (end > HEADER_END_MAX)
		end = HEADER_END_MAX;
	if (!boot_image_read(image, SETUP_SECTORS, header->bytes + SETUP_SECTORS,
			     end - SETUP_SECTORS))
		return error_set(error, ENOEXEC, "its setup header is cut off");
	header->version = get_16(header, VERSION);
	/* 0 is 4, for the oldest. */
	sectors = header->bytes[SETUP_SECTORS] ? header->bytes[SETUP_SECTORS] : 4;
	header->kernel_at = (sectors + 1ull) * SECTOR;
	least = 16ull * get_32(header, SYSTEM_SIZE);
	/* Of the last unit a byte may do. */
	least -= least ? 15 : 0;
	if (!boot_image_at(image, header->kernel_at, least))
		return error_set(error, ENOEXEC,
				 "it is cut off: a file of %" PRIu64
				 " bytes of a kernel of %" PRIu64,
				 image->size, header->kernel_at + least);
	header->kernel_size = image->size - header->kernel_at;
	if (!(header->bytes[LOAD_FLAGS] & LOADED_HIGH))
		return error_set(error, ENOTSUP,
				 "it is a zImage, for low memory: a bzImage is expected");
	return 0;
}

/* Where it wants to be, or, if it can be moved, where there is room. */
static int add_kernel(struct boot_setup *setup, const struct boot_request *request,
		      const struct header *header, uint64_t *address, struct error *error)
{
	const uint8_t *kernel = request->image.data + header->kernel_at;
	uint64_t size = header->kernel_size;
	struct boot_room room = { HIGH_ADDRESS, 1ull << 32, get_32(header, KERNEL_ALIGNMENT) };
	bool moves = header->version >= VERSION_RELOCATABLE && header->bytes[RELOCATABLE];
	int err;

	*address = HIGH_ADDRESS;
	if (header->version >= VERSION_PREFERRED) {
		*address = get_64(header, PREFERRED_ADDRESS);
		if (get_32(header, INITIAL_SIZE) > size)
			size = get_32(header, INITIAL_SIZE);
	}
	err = boot_setup_add(setup, "the kernel", *address, kernel, header->kernel_size, size,
			     moves ? NULL : error);
	if (!err || !moves)
		return err;
	if (room.alignment < PAGE_SIZE || room.alignment & (room.alignment - 1))
		return error_set(error, ENOEXEC, "its alignment is to be %#llx: no power of two",
				 (unsigned long long)room.alignment);
	err = boot_setup_place(setup, "the kernel", NULL, size, &room, address, error);
	if (err)
		return err;
	setup->segments[setup->segment_count - 1].data = kernel;
	setup->segments[setup->segment_count - 1].data_size = header->kernel_size;
	return 0;
}

static int add_command_line(struct boot_setup *setup, const struct boot_request *request,
			    const struct header *header, uint64_t *address, struct error *error)
{
	size_t length = strlen(request->command_line), most = 255;

	if (header->version >= VERSION_COMMAND_LINE)
		most = get_32(header, COMMAND_LINE_SIZE);
	if (length > most)
		return error_set(error, EINVAL,
				 "the command line has %zu bytes: this kernel takes %zu", length,
				 most);
	return boot_setup_place_text(setup, "the command line", request->command_line, address,
				     error);
}

static int add_ramdisk(struct boot_setup *setup, const struct boot_request *request,
		       const struct header *header, uint64_t *address, uint64_t *size,
		       struct error *error)
{
	struct boot_room room = { boot_setup_end(setup), 1ull << 32, PAGE_SIZE };
	const struct r0_boot_module *module = request->modules;
	uint64_t last = get_32(header, RAMDISK_LAST);

	*address = *size = 0;
	if (!request->module_count)
		return 0;
	if (request->module_count > 1)
		return error_set(error, ENOTSUP,
				 "%zu initial RAM disks: Linux takes one; cat makes one of several",
				 request->module_count);
	if (last && last + 1 < room.end)
		room.end = last + 1;
	*size = module->size;
	return boot_setup_place(setup, "the initial RAM disk", module->data, module->size, &room,
				address, error);
}

static void fill_map(uint8_t *page, const struct memory_map *map)
{
	size_t i;

	page[E820_COUNT] = (uint8_t)map->count;
	for (i = 0; i < map->count; i++) {
		uint8_t *entry = page + E820_TABLE + i * E820_ENTRY_SIZE;

		store_64(entry, map->ranges[i].address);
		store_64(entry + 8, map->ranges[i].size);
		store_32(entry + 16, map->ranges[i].type);
	}
}

/* With the setup header of the file, which is the kernel's own word. */
static int add_zero_page(struct boot_setup *setup, const struct boot_request *request,
			 const struct header *header, uint64_t kernel, struct error *error)
{
	static const struct boot_room room = { BOOT_ROOM_FROM, 1ull << 32, PAGE_SIZE };
	uint64_t address, command_line = 0, ramdisk = 0, ramdisk_size = 0;
	uint8_t *page = NULL;
	int err = add_command_line(setup, request, header, &command_line, error);

	if (!err)
		err = add_ramdisk(setup, request, header, &ramdisk, &ramdisk_size, error);
	if (!err)
		err = boot_setup_make_room(setup, "the zero page", ZERO_PAGE_SIZE, &room, &page,
					   &address, error);
	if (err)
		return err;
	memcpy(page, header->bytes, ZERO_PAGE_SIZE);
	page[LOADER_TYPE] = LOADER_UNKNOWN;
	store_32(page + CODE32_START, kernel);
	store_32(page + RAMDISK, ramdisk);
	store_32(page + RAMDISK_SIZE, ramdisk_size);
	store_32(page + COMMAND_LINE, command_line);
	store_64(page + ACPI_RSDP, request->rsdp);
	fill_map(page, setup->map);
	setup->registers.rsi = address;
	return 0;
}

static int setup_bzimage(struct boot_setup *setup, const struct boot_request *request,
			 struct error *error)
{
	struct header header;
	uint64_t kernel;
	bool is_64;
	int err = read_header(&header, &request->image, error);

	if (!err)
		err = add_kernel(setup, request, &header, &kernel, error);
	if (!err)
		err = add_zero_page(setup, request, &header, kernel, error);
	if (err)
		return err;
	is_64 = header.version >= VERSION_64 && get_16(&header, EXTENDED_LOAD_FLAGS) & HAS_ENTRY_64;
	return is_64 ? boot_setup_enter_64(setup, kernel + ENTRY_64, error) :
		       boot_setup_enter_32(setup, kernel, error);
}

/* What the header of a bzImage of the same kernel would say, as far as the kernel itself reads it. */
static void make_header(struct header *header)
{
	*header = (struct header){ .version = VERSION_64 };
	store_32(header->bytes + HEADER_MAGIC, MAGIC);
	header->bytes[BOOT_FLAG] = BOOT_FLAG_VALUE & 0xff;
	header->bytes[BOOT_FLAG + 1] = BOOT_FLAG_VALUE >> 8;
	header->bytes[VERSION] = VERSION_64 & 0xff;
	header->bytes[VERSION + 1] = VERSION_64 >> 8;
	header->bytes[LOAD_FLAGS] = LOADED_HIGH;
	/* COMMAND_LINE_SIZE of include/asm/setup.h, less its zero. */
	store_32(header->bytes + COMMAND_LINE_SIZE, 2047);
}

static int setup_vmlinux(struct boot_setup *setup, const struct boot_request *request,
			 struct error *error)
{
	struct elf_file file;
	struct header header;
	uint64_t entry;
	int err = elf_kernel_open(&file, &request->image, error);

	if (!err && !file.is_64)
		return error_set(
			error, ENOTSUP,
			"a vmlinux of 32 bits has no entry for a boot loader: its bzImage has");
	if (!err)
		err = boot_setup_add_elf(setup, &file, error);
	if (err)
		return err;
	make_header(&header);
	entry = elf_file_physical_entry(&file);
	err = add_zero_page(setup, request, &header, entry, error);
	return err ? err : boot_setup_enter_64(setup, entry, error);
}

static int setup_linux(struct boot_setup *setup, const struct boot_request *request,
		       struct error *error)
{
	if (elf_file_is(&request->image))
		return setup_vmlinux(setup, request, error);
	if (is_bzimage(&request->image))
		return setup_bzimage(setup, request, error);
	return error_set(error, ENOEXEC, "it is neither a bzImage nor a vmlinux");
}

const struct boot_protocol boot_linux = { is, setup_linux };

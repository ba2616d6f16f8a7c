/* SPDX-License-Identifier: MIT */
/* Microsoft's PE Format, as UEFI 2.10, 2.1.1, wants it: PE32+, two sections and an empty one of relocations. */
#include "image/pe.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "image/blob.h"
#include "image/start/payload/format.h"

#define PAGE	     4096u
#define SECTOR	     512u /* of the file, to which sections are aligned there */
#define HEADERS_SIZE 0x400u
#define CODE_RVA     0x1000u

#define MACHINE_X86_64	    0x8664
#define MAGIC_PE32_PLUS	    0x20b
#define SUBSYSTEM_EFI	    10
#define NX_COMPATIBLE	    0x100
#define EXECUTABLE_IMAGE    0x0002
#define LINES_STRIPPED	    0x0004
#define LARGE_ADDRESS_AWARE 0x0020
#define DEBUG_STRIPPED	    0x0200

#define SECTION_CODE	    0x00000020u
#define SECTION_DATA	    0x00000040u
#define SECTION_DISCARDABLE 0x02000000u
#define SECTION_EXECUTE	    0x20000000u
#define SECTION_READ	    0x40000000u
#define SECTION_WRITE	    0x80000000u

#define DIRECTORIES	      16
#define DIRECTORY_RELOCATIONS 5

struct directory {
	uint32_t rva, size;
};

struct section {
	char name[8];
	uint32_t virtual_size, rva, raw_size, raw_at;
	uint32_t relocations_at, lines_at;
	uint16_t relocation_count, line_count;
	uint32_t characteristics;
};

enum { SECTION_OF_CODE, SECTION_OF_IMAGE, SECTION_OF_RELOCATIONS, SECTIONS };

struct headers {
	uint8_t dos[60]; /* "MZ" */
	uint32_t pe_at;
	uint32_t signature; /* "PE" */
	uint16_t machine, section_count;
	uint32_t time, symbols_at, symbol_count;
	uint16_t optional_size, characteristics;
	/* The optional header, from here to the directories. */
	uint16_t magic;
	uint8_t linker_major, linker_minor;
	uint32_t code_size, data_size, zeros_size;
	uint32_t entry, code_rva;
	uint64_t image_base;
	uint32_t section_alignment, file_alignment;
	uint16_t system_major, system_minor, image_major, image_minor;
	uint16_t subsystem_major, subsystem_minor;
	uint32_t win32_version, image_size, headers_size, checksum;
	uint16_t subsystem, dll_characteristics;
	uint64_t stack_reserve, stack_commit, heap_reserve, heap_commit;
	uint32_t loader_flags, directory_count;
	struct directory directories[DIRECTORIES];
	struct section sections[SECTIONS];
} __attribute__((packed));

_Static_assert(sizeof(struct headers) <= HEADERS_SIZE, "they lie before the first section");
_Static_assert(offsetof(struct headers, sections) - offsetof(struct headers, magic) == 240,
	       "PE Format, Optional Header");

static uint32_t align(size_t value, uint32_t to)
{
	return (uint32_t)((value + to - 1) / to * to);
}

/* A block of base relocations that has none: some firmware takes no image without one. */
static const struct {
	uint32_t page, size;
	uint16_t none[2];
} relocations = { CODE_RVA, 12, { 0, 0 } };

static struct section make_section(const char *name, uint32_t rva, size_t size, uint32_t raw_at,
				   uint32_t characteristics)
{
	struct section section = {
		.virtual_size = (uint32_t)size,
		.rva = rva,
		.raw_size = align(size, SECTOR),
		.raw_at = raw_at,
		.characteristics = characteristics,
	};

	memcpy(section.name, name, strlen(name));
	return section;
}

static void fill(struct headers *headers, size_t code_size, size_t data_size)
{
	const uint32_t data_rva = CODE_RVA + align(code_size, PAGE);
	const uint32_t relocations_rva = data_rva + align(data_size, PAGE);
	const uint32_t data_at = HEADERS_SIZE + align(code_size, SECTOR);
	const uint32_t relocations_at = data_at + align(data_size, SECTOR);

	*headers = (struct headers){
		.dos = "MZ",
		.pe_at = offsetof(struct headers, signature),
		.signature = 'P' | 'E' << 8,
		.machine = MACHINE_X86_64,
		.section_count = SECTIONS,
		.optional_size =
			offsetof(struct headers, sections) - offsetof(struct headers, magic),
		.characteristics = EXECUTABLE_IMAGE | LINES_STRIPPED | LARGE_ADDRESS_AWARE |
				   DEBUG_STRIPPED,
		.magic = MAGIC_PE32_PLUS,
		.linker_major = 2,
		.code_size = align(code_size, SECTOR),
		.data_size = align(data_size, SECTOR),
		.code_rva = CODE_RVA,
		.section_alignment = PAGE,
		.file_alignment = SECTOR,
		.image_size = relocations_rva + PAGE,
		.headers_size = HEADERS_SIZE,
		.subsystem = SUBSYSTEM_EFI,
		.dll_characteristics = NX_COMPATIBLE,
		.stack_reserve = 0x10000,
		.stack_commit = PAGE,
		.heap_reserve = 0x10000,
		.heap_commit = PAGE,
		.directory_count = DIRECTORIES,
	};
	headers->directories[DIRECTORY_RELOCATIONS] =
		(struct directory){ relocations_rva, sizeof(relocations) };
	headers->sections[SECTION_OF_CODE] =
		make_section(".text", CODE_RVA, code_size, HEADERS_SIZE,
			     SECTION_CODE | SECTION_EXECUTE | SECTION_READ);
	headers->sections[SECTION_OF_IMAGE] = make_section(
		".data", data_rva, data_size, data_at, SECTION_DATA | SECTION_READ | SECTION_WRITE);
	headers->sections[SECTION_OF_RELOCATIONS] =
		make_section(".reloc", relocations_rva, sizeof(relocations), relocations_at,
			     SECTION_DATA | SECTION_READ | SECTION_DISCARDABLE);
}

/* As numbers: the compiler takes the two ends for distinct objects. */
static size_t efi_code_size(void)
{
	return (uintptr_t)image_efi_code_end - (uintptr_t)image_efi_code;
}

int image_pe_make(const uint8_t *image, size_t image_size, uint8_t **application, size_t *size,
		  struct error *error)
{
	const size_t code_size = align(efi_code_size(), PAGE);
	const size_t data_size = PAGE + image_size;
	struct image_blob blob;
	struct image_efi told = { .at = PAGE, .size = image_size };
	struct headers headers;
	struct section sections[SECTIONS];
	uint8_t *bytes;

	memcpy(&blob, image + IMAGE_START, sizeof(blob));
	told.entry = blob.long_entry;
	fill(&headers, code_size, data_size);
	memcpy(sections, headers.sections, sizeof(sections));
	/* struct image_efi_code: where the first function is. */
	memcpy(&headers.entry, image_efi_code, sizeof(headers.entry));
	*size = sections[SECTION_OF_RELOCATIONS].raw_at + SECTOR;
	bytes = calloc(1, *size);
	if (!bytes)
		return error_set(error, ENOMEM, "no memory for an image of %zu KiB", *size >> 10);
	memcpy(bytes, &headers, sizeof(headers));
	memcpy(bytes + HEADERS_SIZE, image_efi_code, efi_code_size());
	memcpy(bytes + sections[SECTION_OF_IMAGE].raw_at, &told, sizeof(told));
	memcpy(bytes + sections[SECTION_OF_IMAGE].raw_at + PAGE, image, image_size);
	memcpy(bytes + sections[SECTION_OF_RELOCATIONS].raw_at, &relocations, sizeof(relocations));
	*application = bytes;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Kernels' files as the loaders' tests and fuzzer make them: small, and sound until someone breaks
 * them. Each is made in place, in a buffer of IMAGE_MAX bytes. Depends on <elf.h>.
 */
#ifndef TESTS_BOOT_IMAGES_H
#define TESTS_BOOT_IMAGES_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define IMAGE_MAX 0x10000

/* Where what is loaded is in each of the files, and in memory. */
#define IMAGE_TEXT	0x1000
#define IMAGE_TEXT_SIZE 0x800
#define IMAGE_ADDRESS	0x100000
#define IMAGE_MEMORY	0x2000
#define IMAGE_ENTRY	(IMAGE_ADDRESS + 0x40)

#define IMAGE_NOTE 0x200 /* in the file */

static inline void image_put_32(uint8_t *to, uint32_t value)
{
	memcpy(to, &value, sizeof(value));
}

/* An ELF file of two segments: one that is loaded, one of notes, empty at first. Returns its size. */
static inline size_t image_elf_32(uint8_t *image)
{
	const Elf32_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_entry = IMAGE_ENTRY,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 2,
	};
	const Elf32_Phdr segments[] = {
		{ .p_type = PT_LOAD,
		  .p_offset = IMAGE_TEXT,
		  .p_vaddr = IMAGE_ADDRESS,
		  .p_paddr = IMAGE_ADDRESS,
		  .p_filesz = IMAGE_TEXT_SIZE,
		  .p_memsz = IMAGE_MEMORY },
		{ .p_type = PT_NOTE, .p_offset = IMAGE_NOTE, .p_filesz = 64, .p_align = 4 },
	};

	memset(image, 0, IMAGE_TEXT);
	memset(image + IMAGE_TEXT, 0x90, IMAGE_TEXT_SIZE);
	memcpy(image, &header, sizeof(header));
	memcpy(image + sizeof(header), segments, sizeof(segments));
	return IMAGE_TEXT + IMAGE_TEXT_SIZE;
}

static inline size_t image_elf_64(uint8_t *image)
{
	const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		/* Linked high, as kernels are. */
		.e_entry = 0xffffffff80000000 + IMAGE_ENTRY,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	const Elf64_Phdr segments[] = {
		{ .p_type = PT_LOAD,
		  .p_offset = IMAGE_TEXT,
		  .p_vaddr = 0xffffffff80000000 + IMAGE_ADDRESS,
		  .p_paddr = IMAGE_ADDRESS,
		  .p_filesz = IMAGE_TEXT_SIZE,
		  .p_memsz = IMAGE_MEMORY },
		{ .p_type = PT_NOTE, .p_offset = IMAGE_NOTE, .p_filesz = 64, .p_align = 4 },
	};

	memset(image, 0, IMAGE_TEXT);
	memset(image + IMAGE_TEXT, 0x90, IMAGE_TEXT_SIZE);
	memcpy(image, &header, sizeof(header));
	memcpy(image + sizeof(header), segments, sizeof(segments));
	return IMAGE_TEXT + IMAGE_TEXT_SIZE;
}

/* The note of a name and a type at the start of the notes. */
static inline void image_add_note(uint8_t *image, const char *name, uint32_t type, uint32_t value)
{
	uint8_t *note = image + IMAGE_NOTE;
	size_t name_size = strlen(name) + 1;

	image_put_32(note, (uint32_t)name_size);
	image_put_32(note + 4, sizeof(value));
	image_put_32(note + 8, type);
	memcpy(note + 12, name, name_size);
	image_put_32(note + 12 + (name_size + 3) / 4 * 4, value);
}

/* A Multiboot header in what is loaded; with addresses, the file need be no ELF file. */
static inline void image_add_multiboot(uint8_t *image, uint32_t flags)
{
	const uint32_t header[] = {
		0x1badb002,
		flags,
		-(0x1badb002 + flags),
		IMAGE_ADDRESS,
		IMAGE_ADDRESS,
		IMAGE_ADDRESS + IMAGE_TEXT_SIZE,
		IMAGE_ADDRESS + IMAGE_MEMORY,
		IMAGE_ENTRY,
	};

	memcpy(image + IMAGE_TEXT, header, sizeof(header));
}

/* A Multiboot 2 header with these tags, of `size` bytes, the last one not among them. */
static inline void image_add_multiboot2(uint8_t *image, const void *tags, uint32_t size)
{
	const uint32_t length = 16 + size + 8;
	const uint32_t header[] = { 0xe85250d6, 0, length, -(0xe85250d6 + length) };
	const uint32_t last[] = { 0, 8 };
	uint8_t *at = image + IMAGE_TEXT + 0x80;

	memcpy(at, header, sizeof(header));
	memcpy(at + sizeof(header), tags, size);
	memcpy(at + sizeof(header) + size, last, sizeof(last));
}

/* A bzImage with one sector of setup. Returns its size. */
static inline size_t image_bzimage(uint8_t *image, uint16_t version, uint16_t extended_flags)
{
	const uint64_t preferred = IMAGE_ADDRESS;

	memset(image, 0, 0x400);
	memset(image + 0x400, 0x90, IMAGE_TEXT_SIZE);
	image[0x1f1] = 1;
	image_put_32(image + 0x1f4, IMAGE_TEXT_SIZE / 16);
	memcpy(image + 0x1fe, "\x55\xaa\xeb\x66HdrS", 8);
	memcpy(image + 0x206, &version, sizeof(version));
	image[0x211] = 1;
	image_put_32(image + 0x22c, 0x7fffffff);
	image_put_32(image + 0x230, 0x200000);
	image[0x234] = 1;
	memcpy(image + 0x236, &extended_flags, sizeof(extended_flags));
	image_put_32(image + 0x238, 63);
	memcpy(image + 0x258, &preferred, sizeof(preferred));
	image_put_32(image + 0x260, IMAGE_MEMORY);
	return 0x400 + IMAGE_TEXT_SIZE;
}

/* Firmware of 64 KiB. Returns its size. */
static inline size_t image_firmware(uint8_t *image)
{
	memset(image, 0xff, IMAGE_MAX);
	memcpy(image + IMAGE_MAX - 16, "\xea\x5b\xe0\x00\xf0", 5);
	return IMAGE_MAX;
}

#endif /* TESTS_BOOT_IMAGES_H */

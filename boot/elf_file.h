/* SPDX-License-Identifier: MIT */
/*
 * ELF files of either class, little-endian, as a boot loader looks at them: segments, notes, the entry.
 * Every offset is checked. Pure.
 */
#ifndef BOOT_ELF_FILE_H
#define BOOT_ELF_FILE_H

#include "base/error.h"
#include "boot/image.h"

/* No kernel has so many; a file that claims more costs no time. */
#define ELF_FILE_SEGMENTS_MAX 256

struct elf_file {
	struct boot_image image;
	bool is_64;
	uint16_t type, machine;
	uint64_t entry;
	uint64_t segments_at; /* in the file */
	uint16_t segment_count;
};

/* A program header, of either class. */
struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, file_size; /* in the file: all there, where elf_file_segment() gave it */
	uint64_t virtual_address, physical_address, memory_size;
	uint64_t alignment;
};

/* Whether it begins as an ELF file does. */
bool elf_file_is(const struct boot_image *image);

/* 0; -ENOEXEC for no ELF file, or one that is damaged or of another byte order. */
int elf_file_open(struct elf_file *file, const struct boot_image *image, struct error *error);

/* The program header of that number; -ENOEXEC if it claims what is not in the file. */
int elf_file_segment(const struct elf_file *file, unsigned int number, struct elf_segment *segment,
		     struct error *error);

/*
 * The first note of that name and type in the segments that are for notes: where its description is,
 * and its size. NULL if there is none. Damaged ones are passed over.
 */
const uint8_t *elf_file_note(const struct elf_file *file, const char *name, uint32_t type,
			     uint32_t *size);

/* Whether there is a note of that name, of whatever type. */
bool elf_file_has_note(const struct elf_file *file, const char *name);

/*
 * The physical address of the entry: of what is at that virtual address, if a segment is loaded there;
 * else as it is.
 */
uint64_t elf_file_physical_entry(const struct elf_file *file);

#endif /* BOOT_ELF_FILE_H */

/* SPDX-License-Identifier: MIT */
/* ELF files: System V ABI, 4.1, chapters 4 and 5. */
#include "boot/elf_file.h"
#include <elf.h>
#include <errno.h>

bool elf_file_is(const struct boot_image *image)
{
	const uint8_t *magic = boot_image_at(image, 0, SELFMAG);

	return magic && !memcmp(magic, ELFMAG, SELFMAG);
}

static bool open_32(struct elf_file *file)
{
	Elf32_Ehdr header;

	if (!boot_image_read(&file->image, 0, &header, sizeof(header)) ||
	    (header.e_phnum && header.e_phentsize != sizeof(Elf32_Phdr)))
		return false;
	file->type = header.e_type;
	file->machine = header.e_machine;
	file->entry = header.e_entry;
	file->segments_at = header.e_phoff;
	file->segment_count = header.e_phnum;
	return true;
}

static bool open_64(struct elf_file *file)
{
	Elf64_Ehdr header;

	if (!boot_image_read(&file->image, 0, &header, sizeof(header)) ||
	    (header.e_phnum && header.e_phentsize != sizeof(Elf64_Phdr)))
		return false;
	file->type = header.e_type;
	file->machine = header.e_machine;
	file->entry = header.e_entry;
	file->segments_at = header.e_phoff;
	file->segment_count = header.e_phnum;
	return true;
}

static uint64_t segment_header_size(const struct elf_file *file)
{
	return file->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

int elf_file_open(struct elf_file *file, const struct boot_image *image, struct error *error)
{
	uint8_t ident[EI_NIDENT];
	bool sound;

	*file = (struct elf_file){ .image = *image };
	if (!elf_file_is(image) || !boot_image_read(image, 0, ident, sizeof(ident)))
		return error_set(error, ENOEXEC, "it is no ELF file");
	if (ident[EI_DATA] != ELFDATA2LSB)
		return error_set(error, ENOEXEC, "it is an ELF file, but not little-endian");
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return error_set(error, ENOEXEC,
				 "it is an ELF file of class %u: neither of 32 nor of 64 bits",
				 ident[EI_CLASS]);
	file->is_64 = ident[EI_CLASS] == ELFCLASS64;
	sound = file->is_64 ? open_64(file) : open_32(file);
	if (!sound || !boot_image_at(image, file->segments_at,
				     file->segment_count * segment_header_size(file)))
		return error_set(error, ENOEXEC,
				 "its ELF header claims what the file of %llu bytes does not hold",
				 (unsigned long long)image->size);
	if (file->segment_count > ELF_FILE_SEGMENTS_MAX)
		return error_set(error, ENOEXEC,
				 "it has %u program headers: %d at most are looked at",
				 file->segment_count, ELF_FILE_SEGMENTS_MAX);
	return 0;
}

static bool segment_32(const struct elf_file *file, uint64_t at, struct elf_segment *segment)
{
	Elf32_Phdr header;

	if (!boot_image_read(&file->image, at, &header, sizeof(header)))
		return false;
	*segment = (struct elf_segment){
		.type = header.p_type,
		.flags = header.p_flags,
		.offset = header.p_offset,
		.file_size = header.p_filesz,
		.virtual_address = header.p_vaddr,
		.physical_address = header.p_paddr,
		.memory_size = header.p_memsz,
		.alignment = header.p_align,
	};
	return true;
}

static bool segment_64(const struct elf_file *file, uint64_t at, struct elf_segment *segment)
{
	Elf64_Phdr header;

	if (!boot_image_read(&file->image, at, &header, sizeof(header)))
		return false;
	*segment = (struct elf_segment){
		.type = header.p_type,
		.flags = header.p_flags,
		.offset = header.p_offset,
		.file_size = header.p_filesz,
		.virtual_address = header.p_vaddr,
		.physical_address = header.p_paddr,
		.memory_size = header.p_memsz,
		.alignment = header.p_align,
	};
	return true;
}

int elf_file_segment(const struct elf_file *file, unsigned int number, struct elf_segment *segment,
		     struct error *error)
{
	uint64_t at = file->segments_at + number * segment_header_size(file);
	bool is = number < file->segment_count &&
		  (file->is_64 ? segment_64(file, at, segment) : segment_32(file, at, segment));

	if (!is || !boot_image_at(&file->image, segment->offset, segment->file_size))
		return error_set(error, ENOEXEC,
				 "its segment %u is not all in the file of %llu bytes: it is cut "
				 "off or damaged",
				 number, (unsigned long long)file->image.size);
	return 0;
}

/* The next note at `at` of a run of them, which is moved on; false at the end, or where it is damaged. */
static bool next_note(const struct boot_image *notes, uint64_t *at, uint64_t alignment,
		      Elf64_Nhdr *header, const uint8_t **name, const uint8_t **description)
{
	uint64_t description_at;

	/* The headers of both classes are the same. */
	if (!boot_image_read(notes, *at, header, sizeof(*header)))
		return false;
	description_at = (*at + sizeof(*header) + header->n_namesz + alignment - 1) &
			 ~(alignment - 1);
	*name = boot_image_at(notes, *at + sizeof(*header), header->n_namesz);
	*description = boot_image_at(notes, description_at, header->n_descsz);
	*at = (description_at + header->n_descsz + alignment - 1) & ~(alignment - 1);
	return *name && *description;
}

/* A name counts its zero; NULL for a type is any. */
static const uint8_t *find_note(const struct elf_file *file, const char *name, const uint32_t *type,
				uint32_t *size)
{
	const uint8_t *its_name, *description;
	struct elf_segment segment = { 0 };
	unsigned int i;

	for (i = 0; i < file->segment_count; i++) {
		struct boot_image notes;
		uint64_t at = 0;
		Elf64_Nhdr header;

		if (elf_file_segment(file, i, &segment, NULL) || segment.type != PT_NOTE)
			continue;
		notes = (struct boot_image){ file->image.data + segment.offset, segment.file_size };
		while (next_note(&notes, &at, segment.alignment == 8 ? 8 : 4, &header, &its_name,
				 &description)) {
			if (header.n_namesz != strlen(name) + 1 ||
			    memcmp(its_name, name, header.n_namesz) ||
			    (type && header.n_type != *type))
				continue;
			*size = header.n_descsz;
			return description;
		}
	}
	return NULL;
}

const uint8_t *elf_file_note(const struct elf_file *file, const char *name, uint32_t type,
			     uint32_t *size)
{
	return find_note(file, name, &type, size);
}

bool elf_file_has_note(const struct elf_file *file, const char *name)
{
	uint32_t size;

	return find_note(file, name, NULL, &size);
}

uint64_t elf_file_physical_entry(const struct elf_file *file)
{
	struct elf_segment segment = { 0 };
	unsigned int i;

	for (i = 0; i < file->segment_count; i++) {
		if (elf_file_segment(file, i, &segment, NULL) || segment.type != PT_LOAD)
			continue;
		if (range_holds(segment.virtual_address, segment.memory_size, file->entry, 1))
			return segment.physical_address + (file->entry - segment.virtual_address);
	}
	return file->entry;
}

/* SPDX-License-Identifier: MIT */
/*
 * ELF files: what the dynamic linker goes by. Every offset in a file is checked: it may be anything.
 * Depends on <elf.h> and elf.h.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command/lab/programs/elf.h"
#include "command/lab/whole_file.h"

static const void *part(const struct lab_blob *blob, uint64_t offset, uint64_t size)
{
	if (offset > blob->size || size > blob->size - offset)
		return NULL;
	return blob->data + offset;
}

/* A string that ends inside [strings, strings + size), or NULL. */
static const char *text_at(const char *strings, size_t size, uint64_t offset)
{
	if (!strings || offset >= size || !memchr(strings + offset, '\0', size - offset))
		return NULL;
	return strings + offset;
}

/* NULL also where it is not aligned, as the linkers do it. */
static const Elf64_Phdr *program_header(const struct lab_elf *elf, size_t i)
{
	if (elf->header->e_phentsize != sizeof(Elf64_Phdr) || elf->header->e_phoff % 8 ||
	    elf->header->e_phoff > elf->blob.size)
		return NULL;
	return part(&elf->blob, elf->header->e_phoff + i * sizeof(Elf64_Phdr), sizeof(Elf64_Phdr));
}

bool lab_elf_has_section(const struct lab_elf *elf, const char *name)
{
	const size_t count = elf->header->e_shnum;
	const Elf64_Shdr *sections, *strings;
	const char *names;

	sections = elf->header->e_shoff % 8 ?
			   NULL :
			   part(&elf->blob, elf->header->e_shoff, count * sizeof(*sections));
	if (!sections || elf->header->e_shentsize != sizeof(*sections) ||
	    elf->header->e_shstrndx >= count)
		return false;
	strings = &sections[elf->header->e_shstrndx];
	names = part(&elf->blob, strings->sh_offset, strings->sh_size);
	for (size_t i = 0; i < count; i++) {
		const char *text = text_at(names, strings->sh_size, sections[i].sh_name);

		if (text && !strcmp(text, name))
			return true;
	}
	return false;
}

/* The offset in the file of what is at a virtual address, or UINT64_MAX. */
static uint64_t file_offset(const struct lab_elf *elf, uint64_t address)
{
	for (size_t i = 0; i < elf->header->e_phnum; i++) {
		const Elf64_Phdr *segment = program_header(elf, i);

		if (segment && segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
		    address - segment->p_vaddr < segment->p_filesz)
			return segment->p_offset + (address - segment->p_vaddr);
	}
	return UINT64_MAX;
}

static void read_dynamic(struct lab_elf *elf)
{
	uint64_t strings = UINT64_MAX, size = 0;

	for (size_t i = 0; i < elf->dynamic_count; i++) {
		if (elf->dynamic[i].d_tag == DT_STRTAB)
			strings = file_offset(elf, elf->dynamic[i].d_un.d_ptr);
		if (elf->dynamic[i].d_tag == DT_STRSZ)
			size = elf->dynamic[i].d_un.d_val;
	}
	elf->strings = part(&elf->blob, strings, size);
	elf->strings_size = elf->strings ? size : 0;
	for (size_t i = 0; i < elf->dynamic_count; i++) {
		uint64_t value = elf->dynamic[i].d_un.d_val;

		if (elf->dynamic[i].d_tag == DT_RPATH)
			elf->rpath = text_at(elf->strings, elf->strings_size, value);
		if (elf->dynamic[i].d_tag == DT_RUNPATH)
			elf->runpath = text_at(elf->strings, elf->strings_size, value);
	}
}

int lab_elf_open(struct lab_elf *elf, const char *path)
{
	int err;

	memset(elf, 0, sizeof(*elf));
	err = lab_map(path, &elf->blob);
	if (err)
		return err;
	elf->header = part(&elf->blob, 0, sizeof(*elf->header));
	if (!elf->header || memcmp(elf->header->e_ident, ELFMAG, SELFMAG) ||
	    elf->header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf->header->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	for (size_t i = 0; i < elf->header->e_phnum; i++) {
		const Elf64_Phdr *segment = program_header(elf, i);

		if (!segment)
			return -ENOEXEC;
		if (segment->p_type == PT_INTERP)
			elf->interpreter =
				text_at(part(&elf->blob, segment->p_offset, segment->p_filesz),
					segment->p_filesz, 0);
		if (segment->p_type == PT_DYNAMIC) {
			elf->dynamic = segment->p_offset % 8 ? NULL :
							       part(&elf->blob, segment->p_offset,
								    segment->p_filesz);
			elf->dynamic_count =
				elf->dynamic ? segment->p_filesz / sizeof(*elf->dynamic) : 0;
		}
	}
	read_dynamic(elf);
	return 0;
}

const char *lab_elf_machine(const struct lab_elf *elf)
{
	static char number[32];

	if (!elf->header || elf->blob.size < sizeof(Elf32_Ehdr) ||
	    memcmp(elf->header->e_ident, ELFMAG, SELFMAG))
		return "no ELF file";
	switch (elf->header->e_machine) { /* at the same place in 32-bit files */
	case EM_386:
		return "for i386";
	case EM_X86_64:
		return elf->header->e_ident[EI_CLASS] == ELFCLASS64 ? "for x86_64" : "for x32";
	case EM_AARCH64:
		return "for aarch64";
	case EM_ARM:
		return "for 32-bit arm";
	default:
		snprintf(number, sizeof(number), "for ELF machine %u", elf->header->e_machine);
		return number;
	}
}

const char *lab_elf_text(const struct lab_elf *elf, uint64_t offset)
{
	return text_at(elf->strings, elf->strings_size, offset);
}

void lab_elf_close(struct lab_elf *elf)
{
	lab_unmap(&elf->blob);
}

bool lab_elf_is(const char *path)
{
	struct lab_elf elf;
	bool yes = lab_elf_open(&elf, path) == 0;

	lab_elf_close(&elf);
	return yes;
}

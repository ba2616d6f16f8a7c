/* SPDX-License-Identifier: MIT */
/*
 * Reads a core file as crash/elf_core.c writes it. Depends on libc and base/error.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command/backtrace/core_file.h"
#include "command/carried_files.h"

/* Of pr_reg in struct elf_prstatus, the same on all of Linux's architectures of 64 bits. */
#define STATUS_REGISTERS 112

/* Notes are aligned to 4 bytes only. */
static uint64_t note_word(const uint8_t *note, size_t index)
{
	uint64_t word;

	memcpy(&word, note + index * sizeof(word), sizeof(word));
	return word;
}

static int parse_files(struct core_file *core, const uint8_t *note, size_t size)
{
	const char *name, *end = (const char *)note + size;
	uint64_t count, page_size;

	if (size < 16)
		return -EINVAL;
	count = note_word(note, 0);
	page_size = note_word(note, 1);
	if (count > (size - 16) / 24 || core->mappings)
		return -EINVAL;
	core->mappings = calloc(count + 1, sizeof(*core->mappings));
	if (!core->mappings)
		return -ENOMEM;
	name = (const char *)note + (2 + 3 * count) * sizeof(uint64_t);
	for (uint64_t i = 0; i < count; i++) {
		size_t length = strnlen(name, (size_t)(end - name));
		struct core_file_mapping *mapping = &core->mappings[i];

		if (name + length == end)
			return -EINVAL;
		mapping->start = note_word(note, 2 + 3 * i);
		mapping->end = note_word(note, 3 + 3 * i);
		mapping->offset = note_word(note, 4 + 3 * i) * page_size;
		mapping->path = name;
		mapping->fd = -2;
		mapping->executable = core_file_is_executable(core, mapping->start);
		name += length + 1;
		core->mapping_count++;
	}
	return 0;
}

static int parse_note(struct core_file *core, uint32_t type, const uint8_t *note, size_t size)
{
	switch (type) {
	case NT_PRSTATUS:
		if (size < STATUS_REGISTERS + core->layout->count * sizeof(uint64_t))
			return -EINVAL;
		memcpy(core->registers.words, note + STATUS_REGISTERS,
		       core->layout->count * sizeof(uint64_t));
		break;
	case NT_AUXV:
		for (size_t at = 0; at + sizeof(Elf64_auxv_t) <= size; at += sizeof(Elf64_auxv_t)) {
			if (note_word(note + at, 0) == AT_ENTRY)
				core->entry = note_word(note + at, 1);
		}
		break;
	case NT_FILE:
		return parse_files(core, note, size);
	}
	return 0;
}

static int parse_notes(struct core_file *core, const uint8_t *notes, size_t size)
{
	while (size >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *header = (const Elf64_Nhdr *)notes;
		size_t name = ((size_t)header->n_namesz + 3) & ~(size_t)3;
		size_t content = ((size_t)header->n_descsz + 3) & ~(size_t)3;
		size_t total = sizeof(*header) + name + content;
		int err = 0;

		if (total > size)
			return -EINVAL;
		if (header->n_namesz == 5 && !memcmp(notes + sizeof(*header), "CORE", 5))
			err = parse_note(core, header->n_type, notes + sizeof(*header) + name,
					 header->n_descsz);
		if (err)
			return err;
		notes += total;
		size -= total;
	}
	return 0;
}

static int parse(struct core_file *core)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)core->data;

	if (core->size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_type != ET_CORE ||
	    header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff % 8 ||
	    header->e_phoff > core->size ||
	    header->e_phnum > (core->size - header->e_phoff) / sizeof(Elf64_Phdr))
		return -EINVAL;
	core->layout = registers_layout(header->e_machine);
	if (!core->layout)
		return -EINVAL;
	core->segments = (const Elf64_Phdr *)(core->data + header->e_phoff);
	core->segment_count = header->e_phnum;
	for (size_t i = 0; i < core->segment_count; i++) {
		const Elf64_Phdr *segment = &core->segments[i];
		int err = 0;

		if (segment->p_offset > core->size ||
		    segment->p_filesz > core->size - segment->p_offset ||
		    (segment->p_type == PT_LOAD && segment->p_filesz > segment->p_memsz))
			return -EINVAL;
		if (segment->p_type == PT_NOTE && segment->p_offset % 4 == 0)
			err = parse_notes(core, core->data + segment->p_offset, segment->p_filesz);
		if (err)
			return err;
	}
	return 0;
}

int core_file_open(struct core_file *core, const char *path, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat status;
	void *data;

	memset(core, 0, sizeof(*core));
	core->bits = 64;
	if (fd < 0)
		return error_set(error, errno, "opening the core file %s: %s", path,
				 strerror(errno));
	if (fstat(fd, &status) || !status.st_size) {
		close(fd);
		return error_set(error, EINVAL, "the core file %s is empty", path);
	}
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		err = error_set(error, errno, "mapping the core file %s: %s", path,
				strerror(errno));
	close(fd);
	if (err)
		return err;
	core->data = data;
	core->size = (size_t)status.st_size;
	err = parse(core);
	if (err) {
		error_set(error, -err, "%s is no core file of an x86_64 or aarch64 program: %s",
			  path, strerror(-err));
		core_file_close(core);
	}
	return err;
}

void core_file_close(struct core_file *core)
{
	for (size_t i = 0; i < core->mapping_count; i++)
		if (core->mappings[i].fd >= 0)
			close(core->mappings[i].fd);
	free(core->mappings);
	if (core->data)
		munmap((void *)(uintptr_t)core->data, core->size);
	memset(core, 0, sizeof(*core));
}

static const Elf64_Phdr *find_segment(const struct core_file *core, uint64_t address)
{
	for (size_t i = 0; i < core->segment_count; i++) {
		const Elf64_Phdr *segment = &core->segments[i];

		if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
		    address - segment->p_vaddr < segment->p_memsz)
			return segment;
	}
	return NULL;
}

bool core_file_is_executable(const struct core_file *core, uint64_t address)
{
	const Elf64_Phdr *segment = find_segment(core, address);

	return segment && segment->p_flags & PF_X;
}

uint64_t core_file_pc(const struct core_file *core)
{
	return core->registers.words[core->layout->pc];
}

uint64_t core_file_sp(const struct core_file *core)
{
	return core->registers.words[core->layout->sp];
}

uint64_t core_file_code_address(const struct core_file *core, uint64_t address)
{
	uint64_t plain = address >> 55 & 1 ? address | 0xffull << 56 | 0x7full << 48 :
					     address & ~(0xffull << 56 | 0x7full << 48);

	/* Bit 55 tells the half; all above the 48 bits of an address may be the code's. */
	return core->layout->signs_pointers && core_file_is_executable(core, plain) ? plain :
										      address;
}

bool core_file_return_address(struct core_file *core, uint64_t *address)
{
	if (core->layout->calls_push)
		return core_file_read(core, core_file_sp(core), address, 8) == 8;
	*address = core_file_code_address(core, core->registers.words[core->layout->link]);
	return true;
}

struct core_file_mapping *core_file_mapping(struct core_file *core, uint64_t address)
{
	for (size_t i = 0; i < core->mapping_count; i++)
		if (address >= core->mappings[i].start && address < core->mappings[i].end)
			return &core->mappings[i];
	return NULL;
}

static int open_file(const char *path)
{
	char *here = carried_file(path);
	int fd = here ? open(here, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

	free(here);
	return fd;
}

static size_t read_mapped_file(struct core_file *core, uint64_t address, void *to, size_t size)
{
	struct core_file_mapping *mapping = core_file_mapping(core, address);
	ssize_t got;

	if (!mapping)
		return 0;
	if (mapping->fd == -2)
		mapping->fd = open_file(mapping->path);
	if (mapping->fd < 0)
		return 0;
	if (size > mapping->end - address)
		size = mapping->end - address;
	got = pread(mapping->fd, to, size, (off_t)(address - mapping->start + mapping->offset));
	return got > 0 ? (size_t)got : 0;
}

size_t core_file_read(struct core_file *core, uint64_t address, void *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		const Elf64_Phdr *segment = find_segment(core, address + done);
		size_t part = size - done, got;
		uint64_t offset;

		if (!segment)
			break;
		offset = address + done - segment->p_vaddr;
		if (offset < segment->p_filesz) {
			if (part > segment->p_filesz - offset)
				part = segment->p_filesz - offset;
			memcpy((char *)to + done, core->data + segment->p_offset + offset, part);
			done += part;
			continue;
		}
		if (part > segment->p_memsz - offset)
			part = segment->p_memsz - offset;
		/* Only what is read-only is sure to be as the file has it. */
		if (segment->p_flags & PF_W)
			break;
		got = read_mapped_file(core, address + done, (char *)to + done, part);
		done += got;
		if (!got)
			break;
	}
	return done;
}

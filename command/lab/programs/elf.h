/* SPDX-License-Identifier: MIT */
/*
 * A 64-bit little-endian ELF file, as the dynamic linker looks at it. All pointers are into the
 * mapped file and checked; each is NULL where the file has no such thing or is damaged there. Depends
 * on <elf.h> and whole_file.h.
 */
#ifndef COMMAND_LAB_PROGRAMS_ELF_H
#define COMMAND_LAB_PROGRAMS_ELF_H

#include <elf.h>
#include <stdbool.h>

#include "command/lab/whole_file.h"

struct lab_elf {
	struct lab_blob blob;
	const Elf64_Ehdr *header;
	const Elf64_Dyn *dynamic;
	size_t dynamic_count;
	const char *strings;
	size_t strings_size;
	const char *interpreter;
	const char *rpath, *runpath;
};

/*
 * 0, or -errno: -ENOEXEC for what is no 64-bit little-endian ELF file. It has to be closed in any
 * case: `blob`, and `header` if the file is as long, are there after -ENOEXEC too.
 */
int lab_elf_open(struct lab_elf *elf, const char *path);
void lab_elf_close(struct lab_elf *elf);

/* A string of the dynamic string table, or NULL where it does not end inside. */
const char *lab_elf_text(const struct lab_elf *elf, uint64_t offset);

bool lab_elf_has_section(const struct lab_elf *elf, const char *name);

/* What it is for, as errors say it: "for aarch64". Also after -ENOEXEC. */
const char *lab_elf_machine(const struct lab_elf *elf);

/* Whether a file is a 64-bit ELF file. */
bool lab_elf_is(const char *path);

#endif /* COMMAND_LAB_PROGRAMS_ELF_H */

/* SPDX-License-Identifier: MIT */
/*
 * Reads a core file as crash/elf_core.c writes it: registers, mapped files, memory; what the core
 * leaves out comes from the mapped files. Depends on libc and base/error.h.
 */
#ifndef COMMAND_BACKTRACE_CORE_FILE_H
#define COMMAND_BACKTRACE_CORE_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "command/backtrace/registers.h"

/* Segments by their numbers in instructions (SDM vol. 2A, table B-8): ES, CS, SS, DS, FS, GS. */
#define CORE_FILE_SEGMENTS 6
#define CORE_FILE_ES	   0
#define CORE_FILE_CS	   1
#define CORE_FILE_SS	   2

struct core_file_mapping {
	uint64_t start, end, offset;
	const char *path; /* in the core's own memory */
	int fd;		  /* -1 if it can't be opened, -2 while nobody has tried */
	bool executable;
};

struct core_file {
	const uint8_t *data;
	size_t size;
	const Elf64_Phdr *segments;
	size_t segment_count;
	struct core_file_mapping *mappings;
	size_t mapping_count;
	const struct register_layout *layout;
	union registers registers;
	/* Of its code, which the file does not say: 64, and segments that begin at 0, unless its reader is told. */
	unsigned int bits;
	uint64_t bases[CORE_FILE_SEGMENTS];
	uint64_t entry; /* AT_ENTRY: an address in the main program; 0 if not known */
};

/* Returns 0, or -errno with the error told; core_file_close() is then not needed, but allowed. */
int core_file_open(struct core_file *core, const char *path, struct error *error);
void core_file_close(struct core_file *core);

/* Returns how much could be read, from the start on. */
size_t core_file_read(struct core_file *core, uint64_t address, void *to, size_t size);

/* The file mapped at that address, or NULL. */
struct core_file_mapping *core_file_mapping(struct core_file *core, uint64_t address);

bool core_file_is_executable(const struct core_file *core, uint64_t address);

/* Where it stopped, and its stack pointer. */
uint64_t core_file_pc(const struct core_file *core);
uint64_t core_file_sp(const struct core_file *core);

/*
 * What a call that has just been made will return to, if its function has done nothing yet. Returns whether that can be read; it
 * may be anything.
 */
bool core_file_return_address(struct core_file *core, uint64_t *address);

/* A code address without pointer authentication's code, where the architecture has that. */
uint64_t core_file_code_address(const struct core_file *core, uint64_t address);

#endif /* COMMAND_BACKTRACE_CORE_FILE_H */

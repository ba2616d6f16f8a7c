/* SPDX-License-Identifier: MIT */
/*
 * Addresses of a core file by function, file and line. Depends on core_file.h and libdw.
 */
#ifndef COMMAND_BACKTRACE_SYMBOLS_H
#define COMMAND_BACKTRACE_SYMBOLS_H

#include <elfutils/libdwfl.h>
#include <stdio.h>
#include "command/backtrace/core_file.h"

struct symbols {
	struct core_file *core;
	Dwfl *dwfl;
	char *directory; /* file names below it are told without it; may be NULL */
	char file[4096]; /* the last one told */
};

/* Returns 0 or -errno. The core must outlive it. */
int symbols_open(struct symbols *symbols, struct core_file *core, struct error *error);
void symbols_close(struct symbols *symbols);

/*
 * "function (file:line)", "function+0x12 (module)", "module+0x12" or "0x…". With `after`, pc is
 * that of the instruction after the one meant, as a return address is.
 */
void symbols_place(struct symbols *symbols, uint64_t pc, bool after, char *buffer, size_t size);

/* One function that code belongs to, or was inlined into. */
struct symbols_frame {
	const char *function; /* as its source has it, or else the linker; NULL if it has no name */
	uint64_t offset;      /* of the code in the function; 0 if that was inlined */
	bool inlined;
	bool in_program;    /* rather than in a shared library */
	const char *module; /* the file that it is in */
	const char *file;   /* of the source, NULL if it is not known; holds for this call */
	int line;
};

/*
 * Call visit() for each function at pc, the innermost first, until it returns true; not at all where
 * no code is known. Returns whether it did.
 */
bool symbols_visit(struct symbols *symbols, uint64_t pc, bool after,
		   bool (*visit)(void *context, const struct symbols_frame *frame), void *context);

/* The function or object at pc, and pc's distance from its start; NULL if there is none. */
const char *symbols_function(struct symbols *symbols, uint64_t pc, uint64_t *offset);

/* Add " <name+0x10>" to a text, of what is at that address, if it has a name. */
void symbols_append(struct symbols *symbols, uint64_t target, char *text, size_t size);

/* The source file of the code at pc, NULL if it is not known; holds until the next is asked for. */
const char *symbols_file(struct symbols *symbols, uint64_t pc);

/*
 * Write a frame of a backtrace, and before it those of the functions inlined there. *count numbers
 * them; each line ends with the note.
 */
void symbols_print_frame(struct symbols *symbols, uint64_t pc, bool after, const char *note,
			 unsigned int *count, FILE *out);

#endif /* COMMAND_BACKTRACE_SYMBOLS_H */

/* SPDX-License-Identifier: MIT */
/* The steps from a kernel's objects to the one of a program, between the files of this folder. */
#ifndef COMMAND_OBJECTS_OBJECTS_H
#define COMMAND_OBJECTS_OBJECTS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "command/stubs/wanted.h"

/* Where kernels' code begins, as a rule: Documentation/x86/x86_64/mm.rst, kernel text mapping. */
#define OBJECTS_UPPER_HALF 0xffffffff81000000ull

/* A section of this name has the objects' own per-CPU variables. */
#define OBJECTS_PER_CPU "r0_percpu"

/* Say on standard error why it can't be done. Returns -1. */
int objects_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether what follows the last argument is NULL, a list of words is complete: for tools' command lines. */
struct tool_words {
	char **words;
	size_t count;
};

void tool_add(struct tool_words *words, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void tool_finish(struct tool_words *words);

/*
 * Run a program, found in PATH, and wait for its end. `advise` may look at what it printed, and say more. Returns
 * 0, or -1 when it has said what went wrong.
 */
int tool_run(struct tool_words *words, void (*advise)(const char *printed));

/* The words of a variable of the environment, or else one word: a tool's name, and its options. */
void tool_add_named(struct tool_words *words, const char *variable, const char *otherwise);

/* Decide which names are to be others in the program, and write them for objcopy --redefine-syms. Returns 0 or -1. */
int names_choose(struct wanted_list *list, const char *path);

/* Have a test file mean the same names: pragmas, into a header. */
void names_write_header(const struct wanted_list *list, FILE *out);

/*
 * Link an object at an address, and write assembly that has a program carry it: its segments, with places for what
 * the program has, its symbols, and the whole file for debuggers. `upper` is where the file is to be. *per_cpu
 * becomes the name of the per-CPU variables' content, or NULL. Returns 0 or -1.
 */
int upper_link(const char *object, uint64_t address, const char *upper);
int upper_write(const char *upper, const char *debug, FILE *out);
void upper_write_symbols(void *elf, FILE *out);

/* A name as assembly has it. */
const char *upper_name(const char *name, char *buffer, size_t size);

/*
 * Write the flags that an object was compiled with, those that a test file can have as well, for a compiler's
 * @FILE. Returns 0, or -1 when it has said why they are not known.
 */
int flags_write(const char *object, FILE *out);

/* A command line's words, as a shell has them, and the folder where it ran; for tool_finish() and free(). */
struct command_line {
	struct tool_words words;
	char *folder;
};

/* Split a command line up to its first ; or &. */
void command_line_split(struct command_line *line, const char *text);

/* Find how an object was compiled: by its .o.cmd file; by a compile_commands.json above it. Whether it is known. */
bool kbuild_find(const char *object, struct command_line *line);
bool compile_commands_find(const char *object, struct command_line *line);

#endif /* COMMAND_OBJECTS_OBJECTS_H */

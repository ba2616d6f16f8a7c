/* SPDX-License-Identifier: MIT */
/* The consoles that options name: those that the architecture's machine has. Depends on <ring0/vm.h>. */
#ifndef COMMAND_CONSOLES_H
#define COMMAND_CONSOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <ring0/vm.h>

struct console_name {
	const char *name;
	enum r0_vm_console console;
};

/* Of the architecture; the last has no name. */
extern const struct console_name console_names[];

/* Says false if there is no such console. */
bool console_find(const char *text, enum r0_vm_console *console);

/* All of their names: "com1, debug and virtio", where "and" is the word. Returns `text`. */
const char *console_list(char *text, size_t size, const char *word);

#endif /* COMMAND_CONSOLES_H */

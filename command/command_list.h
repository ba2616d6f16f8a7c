/* SPDX-License-Identifier: MIT */
/* The subcommands that this host's architecture has. */
#ifndef COMMAND_COMMAND_LIST_H
#define COMMAND_COMMAND_LIST_H

struct command {
	const char *name; /* NULL ends the list */
	int (*run)(int argc, char **argv);
	const char *summary; /* NULL for what only ring0 itself calls */
};

extern const struct command commands[];

#endif /* COMMAND_COMMAND_LIST_H */

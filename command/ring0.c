/* SPDX-License-Identifier: MIT */
/*
 * The command ring0: hands its arguments to a subcommand. Depends on command_list.h alone.
 */
#include <stdio.h>
#include <string.h>

#include "command/command_list.h"

/* Meson passes it; a build by hand has no version. */
#ifndef RING0_VERSION
#define RING0_VERSION "unversioned"
#endif

/* As in getopt's own tradition: the command line could not be understood. */
#define STATUS_USAGE 2

static void print_help(FILE *file)
{
	fputs("Usage: ring0 COMMAND [ARGUMENT]...\n"
	      "Test code that needs the CPU's highest privilege.\n"
	      "\n"
	      "Commands:\n",
	      file);
	for (const struct command *command = commands; command->name; command++)
		if (command->summary)
			fprintf(file, "  %-11s %s\n", command->name, command->summary);
	fputs("\n"
	      "  --help     print this, and exit\n"
	      "  --version  print the version, and exit\n"
	      "\n"
	      "`ring0 COMMAND --help` describes one command.\n"
	      "Exit status: the command's; 2 if there is no such command.\n",
	      file);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return fflush(stdout) ? 1 : 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("ring0 " RING0_VERSION);
		return fflush(stdout) ? 1 : 0;
	}
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(argv[1], command->name))
			return command->run(argc - 1, argv + 1);
	fprintf(stderr, "ring0: no command is named '%s'; `ring0 --help` lists them\n", argv[1]);
	return STATUS_USAGE;
}

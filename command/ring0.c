/* SPDX-License-Identifier: MIT */
/*
 * The command ring0: hands its arguments to a subcommand. Depends on the subcommands alone.
 */
#include <stdio.h>
#include <string.h>

#include "command/commands.h"

/* Meson passes it; a build by hand has no version. */
#ifndef RING0_VERSION
#define RING0_VERSION "unversioned"
#endif

/* As in getopt's own tradition: the command line could not be understood. */
#define STATUS_USAGE 2

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary; /* NULL for what only ring0 itself calls */
};

static const struct command commands[] = {
	{ "boot", boot_main, "boot a kernel in a virtual machine" },
	{ "compare", compare_main, "show results of several environments side by side" },
	{ "doctor", doctor_main, "find out what this host's KVM can do in ring 0" },
	{ "image", image_main, "make a kernel of a test program, run it, read its log" },
	{ "lab", lab_main, "run a program on a genuine KVM inside an emulated machine" },
	{ "objects", objects_main, "make a test program's object of a kernel's objects" },
	{ "stubs", stubs_main, "write definitions of what a kernel's objects need" },
	{ "suite", suite_main, "run test kernels, and report their results" },
	{ "which-tests", which_tests_main,
	  "the tests that executed a line, or what a diff changes" },
	{ "backtrace", backtrace_main, NULL },
	{ "replaceable", replaceable_main, NULL },
};

static void print_help(FILE *file)
{
	fputs("Usage: ring0 COMMAND [ARGUMENT]...\n"
	      "Test code that needs the CPU's highest privilege.\n"
	      "\n"
	      "Commands:\n",
	      file);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (commands[i].summary)
			fprintf(file, "  %-11s %s\n", commands[i].name, commands[i].summary);
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
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "ring0: no command is named '%s'; `ring0 --help` lists them\n", argv[1]);
	return STATUS_USAGE;
}

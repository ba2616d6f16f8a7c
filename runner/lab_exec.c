/* SPDX-License-Identifier: MIT */
/*
 * Runs the program itself again, in the lab: for RING0_LAB=auto and --lab. Finds the command ring0
 * as crash_child.c does. Depends on command_path.h and libc.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/command_path.h"
#include "runner/lab_exec.h"

/* "ring0", "lab", "--timeout=0", "--memory=1024", "--file"s, a "--collect" a file, "--", the program, its arguments and a NULL. */
static char **make_arguments(int argc, char **argv, char *program, const char *const *along,
			     const char *const *files, bool fuzzes)
{
	/* With CMPLOG AFL++ 5 asks for 512 MiB at once, of which it uses little. */
	static char timeout[] = "--timeout=0", memory[] = "--memory=1024";
	static char name[] = "ring0", command[] = "lab", file[] = "--file";
	static char collect[] = "--collect", end[] = "--";
	size_t count = 0, more = 0, n = 0;
	char **arguments;
	int options = 1;

	while (files[count])
		count++;
	while (along[more])
		more++;
	arguments = calloc((size_t)argc + 2 * (count + more) + 7, sizeof(*arguments));
	if (!arguments)
		return NULL;
	arguments[n++] = name;
	arguments[n++] = command;
	if (fuzzes) {
		arguments[n++] = timeout;
		arguments[n++] = memory;
	}
	while (*along) {
		arguments[n++] = file;
		arguments[n++] = (char *)*along++;
	}
	while (*files) {
		arguments[n++] = collect;
		arguments[n++] = (char *)*files++;
	}
	arguments[n++] = end;
	arguments[n++] = program;
	for (int i = 1; i < argc; i++) {
		if (options && !strcmp(argv[i], "--"))
			options = 0;
		if (!options || strcmp(argv[i], "--lab"))
			arguments[n++] = argv[i];
	}
	return arguments;
}

int lab_exec(int argc, char **argv, const char *const *along, const char *const *files, bool fuzzes)
{
	const char *chosen = getenv("RING0_COMMAND"), *lab = getenv("RING0_LAB");
	const char *candidates[] = { r0_command_path, "ring0" };
	char program[PATH_MAX], **arguments;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	int err = ENOENT;

	if (lab && !strcmp(lab, "inside")) {
		fprintf(stderr,
			"%s: this is inside the lab already, where KVM is not usable either\n",
			argv[0]);
		return -ELOOP;
	}
	if (n < 0) {
		err = errno;
		fprintf(stderr, "%s: finding the program's own file: %s\n", argv[0], strerror(err));
		return -err;
	}
	program[n] = '\0';
	arguments = make_arguments(argc, argv, program, along, files, fuzzes);
	if (!arguments)
		return -ENOMEM;
	fflush(NULL);
	if (chosen && *chosen) {
		execvp(chosen, arguments);
		err = errno;
		fprintf(stderr, "%s: starting $RING0_COMMAND, %s: %s\n", argv[0], chosen,
			strerror(err));
	} else {
		for (size_t i = 0; i < sizeof(candidates) / sizeof(*candidates); i++)
			if (*candidates[i])
				execvp(candidates[i], arguments);
		err = errno;
		fprintf(stderr,
			"%s: the command ring0, which has the lab, is neither at %s nor in $PATH (%s); "
			"$RING0_COMMAND can say where it is\n",
			argv[0], r0_command_path, strerror(err));
	}
	free(arguments);
	return -err;
}

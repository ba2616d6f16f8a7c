/* SPDX-License-Identifier: MIT */
/* Finding the command, and running it. */
#include "base/command_run.h"
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/command_path.h"
#include "base/helper_process.h"

const char *command_chosen(void)
{
	const char *chosen = getenv("RING0_COMMAND");

	return chosen && chosen[0] ? chosen : NULL;
}

int command_run(char **argv, int input_fd, int limit_ms, char **output, struct error *error)
{
	const char *chosen = command_chosen();
	const char *candidates[] = { r0_command_path, "ring0" };
	int err = -ENOENT;

	if (chosen) {
		argv[0] = (char *)(uintptr_t)chosen;
		return helper_process_run(argv, input_fd, limit_ms, output, error);
	}
	for (size_t i = 0; i < 2 && err == -ENOENT; i++) {
		if (!candidates[i][0])
			continue;
		argv[0] = (char *)(uintptr_t)candidates[i];
		error->text[0] = '\0';
		err = helper_process_run(argv, input_fd, limit_ms, output, error);
	}
	if (err == -ENOENT) {
		error->text[0] = '\0';
		error_set(error, ENOENT,
			  "the command ring0 is neither at %s nor in $PATH; $RING0_COMMAND can say "
			  "where it is",
			  r0_command_path);
	}
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * The command ring0 for programs inside a machine. What stands in for it there sends on what test programs ask it, and
 * the host's own command answers: that is much faster. For anything else it asks for the command itself, which it gets
 * unless the machine is of another architecture than the host's, or of a sysroot.
 */
#ifndef COMMAND_LAB_SERVE_H
#define COMMAND_LAB_SERVE_H

#include "command/lab/programs/files.h"
#include "command/lab/talk.h"

/*
 * Answer a LAB_COMMAND, whose input comes after it. `files` are those that the machine was given. 0 or LAB_GONE_…; a command that
 * fails is the program's affair, which is told.
 */
int lab_serve(struct lab_machine *machine, const struct lab_files *files,
	      const struct lab_incoming *command, struct lab_limit limit);

#endif /* COMMAND_LAB_SERVE_H */

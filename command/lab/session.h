/* SPDX-License-Identifier: MIT */
/* One machine and what runs in it. */
#ifndef COMMAND_LAB_SESSION_H
#define COMMAND_LAB_SESSION_H

#include <stdbool.h>

#include "command/lab/programs/files.h"
#include "command/lab/machine.h"
#include "command/lab/options.h"

/* Wait for the machine to say that it is ready. */
int lab_session_boot(struct lab_machine *machine, const struct lab_options *options);
/*
 * Give it the time and fresh random numbers, and see that it answers. After a restore it has only
 * so long for it, and -1 is returned, with nothing said, if it does not.
 */
int lab_session_hello(struct lab_machine *machine, const struct lab_options *options,
		      bool restored);
/* Hand over the files. */
int lab_session_files(struct lab_machine *machine, const struct lab_options *options,
		      const struct lab_files *files);
/* Run one program and pass its output on; `files` are what the machine was given. Its status is in *status if 0 is returned. */
int lab_session_run(struct lab_machine *machine, const struct lab_options *options,
		    const struct lab_files *files, const char *program, const char *inside,
		    int *status);

#endif /* COMMAND_LAB_SESSION_H */

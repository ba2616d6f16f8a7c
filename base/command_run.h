/* SPDX-License-Identifier: MIT */
/*
 * Runs the command ring0, for what takes libraries that a test program should not need. Depends on
 * helper_process.h and command_path.h.
 */
#ifndef BASE_COMMAND_RUN_H
#define BASE_COMMAND_RUN_H

#include "base/error.h"

/* The command that the user named, by $RING0_COMMAND, or NULL. */
const char *command_chosen(void);

/*
 * As helper_process_run(), of the command, wherever it is: argv[0] is a place for its name. Returns -ENOENT
 * with a message where there is none.
 */
int command_run(char **argv, int input_fd, int limit_ms, char **output, struct error *error);

#endif /* BASE_COMMAND_RUN_H */

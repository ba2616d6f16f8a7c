/* SPDX-License-Identifier: MIT */
/*
 * Runs a program to its end and takes in what it prints. Depends on libc and base/error.h alone.
 */
#ifndef BASE_HELPER_PROCESS_H
#define BASE_HELPER_PROCESS_H

#include <stddef.h>
#include "base/error.h"

/* Where the program finds the file that was passed on, and its name there. */
#define HELPER_PROCESS_FD      3
#define HELPER_PROCESS_FD_PATH "/proc/self/fd/3"

/*
 * Run argv[0] (looked for in PATH if it has no slash) with input_fd as its fd 3, standard input
 * and error empty, and put what it prints, NUL-terminated, into *output, for free(). It is killed
 * once it has used limit_ms of CPU time itself, or has for that long neither used any nor printed
 * anything. Its exit status counts only if the program's own SIGCHLD handler has
 * not taken it: a caller should know complete output when it sees it.
 * Returns 0; -ETIMEDOUT; -ECHILD if it failed, with its output; another -errno if it could not be
 * started.
 */
int helper_process_run(char *const argv[], int input_fd, int limit_ms, char **output,
		       struct error *error);

#endif /* BASE_HELPER_PROCESS_H */

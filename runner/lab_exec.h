/* SPDX-License-Identifier: MIT */
/*
 * Runs the program itself again, in the lab. Depends on nothing.
 */
#ifndef RUNNER_LAB_EXEC_H
#define RUNNER_LAB_EXEC_H

#include <stdbool.h>

/*
 * Replace this process by `ring0 lab` with this program and its arguments, less any "--lab" before
 * a "--". The lab has the files of `along`, and hands back what was written to `files`, or to folders with a slash at their end: lists
 * that NULL ends. If the program `fuzzes`, it may run for as long as it likes, and has room for an engine. Returns only
 * if that could not be started: -errno, having said so in one line on standard error. Inside the lab, where RING0_LAB is "inside", it
 * returns -ELOOP and says that.
 */
int lab_exec(int argc, char **argv, const char *const *along, const char *const *files,
	     bool fuzzes);

#endif /* RUNNER_LAB_EXEC_H */

/* SPDX-License-Identifier: MIT */
/* A program that the lab has run. */
#ifndef COMMAND_LAB_INIT_PROGRAM_H
#define COMMAND_LAB_INIT_PROGRAM_H

#include <stddef.h>

#include "command/lab/protocol.h"

/* Get ready to hear of programs' ends. */
void program_prepare(void);

/*
 * Run a program to its end: what it prints goes to the lab as it comes, then its status. Directory, path,
 * arguments and variables are strings one after the other, each with its NUL, in `size` bytes. `port` is what port_open()
 * gave: the lab may want the program to end.
 */
void program_run(char *strings, size_t size, const struct lab_run *run, int port);

#endif /* COMMAND_LAB_INIT_PROGRAM_H */

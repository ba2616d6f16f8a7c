/* SPDX-License-Identifier: MIT */
/*
 * Files that a machine of the lab has at other paths than this host: what is asked about a program inside names them
 * by their paths there. `ring0 lab` says in a variable of the environment where they are.
 */
#ifndef COMMAND_CARRIED_FILES_H
#define COMMAND_CARRIED_FILES_H

#include <stddef.h>

/* Lines, in pairs: a path inside, and the one here. */
#define CARRIED_FILES_VARIABLE "RING0_LAB_FILES"

/* Where the file is that is meant by a path: for free(). NULL if there is no memory. */
char *carried_file(const char *path);

#endif /* COMMAND_CARRIED_FILES_H */

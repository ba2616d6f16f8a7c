/* SPDX-License-Identifier: MIT */
/* Commands by their names. */
#ifndef COMMAND_LAB_SEARCH_PATH_H
#define COMMAND_LAB_SEARCH_PATH_H

/* The path of a command, for free(), or NULL. */
char *lab_find_in_path(const char *name);

#endif /* COMMAND_LAB_SEARCH_PATH_H */

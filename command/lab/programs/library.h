/* SPDX-License-Identifier: MIT */
/* Programs and the libraries that they need. */
#ifndef COMMAND_LAB_PROGRAMS_LIBRARY_H
#define COMMAND_LAB_PROGRAMS_LIBRARY_H

#include "command/lab/programs/files.h"
#include "command/lab/options.h"

/*
 * Add a program at its own path, and the interpreter and libraries that it needs, each at the path
 * where the dynamic linker inside will look. `what` says in errors what it is: "program".
 */
int lab_library_add(struct lab_files *files, const struct lab_options *options, const char *what,
		    const char *host, const char *inside);

#endif /* COMMAND_LAB_PROGRAMS_LIBRARY_H */

/* SPDX-License-Identifier: MIT */
/* Which Bochs is used, and what it can do. */
#ifndef COMMAND_LAB_EMULATORS_BOCHS_PROGRAM_H
#define COMMAND_LAB_EMULATORS_BOCHS_PROGRAM_H

#include <stdbool.h>

#include "command/lab/options.h"

#define LAB_BOCHS_MEMORY_MAX 2048 /* MB: gui/config.cc */

struct lab_bochs {
	unsigned int major, minor; /* its version; 0 if it is no Bochs */
	bool mended;		   /* by bochs.patch */
	bool has_nogui;		   /* so that it needs no display */
	bool has_debugger;	   /* which has to be told to start */
};

/* Where in the cache the one is that this lab builds, for free(). */
char *lab_bochs_directory(const char *cache);
/* The path of the one that is used, for free(), or NULL. */
char *lab_bochs_path(const struct lab_options *options);
bool lab_bochs_is_named(const struct lab_options *options);
void lab_bochs_examine(const char *path, struct lab_bochs *bochs);
/* See that there is one that can be used, and say what is wrong with it. 0 or enum lab_status. */
int lab_bochs_check(struct lab_options *options);

#endif /* COMMAND_LAB_EMULATORS_BOCHS_PROGRAM_H */

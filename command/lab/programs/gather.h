/* SPDX-License-Identifier: MIT */
/* What goes along with a program. */
#ifndef COMMAND_LAB_PROGRAMS_GATHER_H
#define COMMAND_LAB_PROGRAMS_GATHER_H

#include "command/lab/programs/files.h"
#include "command/lab/options.h"

/* All that goes along; the environment is added to the options, the programs' paths to `inside`. */
int lab_gather(struct lab_files *files, struct lab_options *options, struct lab_strings *inside);

#endif /* COMMAND_LAB_PROGRAMS_GATHER_H */

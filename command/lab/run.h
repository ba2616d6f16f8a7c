/* SPDX-License-Identifier: MIT */
/* The programs of one command line. */
#ifndef COMMAND_LAB_RUN_H
#define COMMAND_LAB_RUN_H

#include "command/lab/programs/files.h"
#include "command/lab/kernels/kernel.h"
#include "command/lab/options.h"

/* Run the programs, in as few machines as can be. The status to exit with. */
int lab_run(const struct lab_options *options, const struct lab_kernel *kernel,
	    const struct lab_files *files, const struct lab_strings *inside);

#endif /* COMMAND_LAB_RUN_H */

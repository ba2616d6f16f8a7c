/* SPDX-License-Identifier: MIT */
/* One run of the lab, all in all. */
#ifndef COMMAND_LAB_PROGRAM_H
#define COMMAND_LAB_PROGRAM_H

#include "command/lab/options.h"

/* One run of the lab, all in all. */
int lab_run_program(struct lab_options *options);

#endif /* COMMAND_LAB_PROGRAM_H */

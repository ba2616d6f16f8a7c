/* SPDX-License-Identifier: MIT */
/* Files that programs have written inside a machine. */
#ifndef COMMAND_LAB_COLLECT_H
#define COMMAND_LAB_COLLECT_H

#include "command/lab/machine.h"
#include "command/lab/options.h"

/* Copy the files of --collect, and those of coverage, out of the machine. Returns the lab's exit status. */
int lab_collect(struct lab_machine *machine, const struct lab_options *options);

#endif /* COMMAND_LAB_COLLECT_H */

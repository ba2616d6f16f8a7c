/* SPDX-License-Identifier: MIT */
/* The warm start. Functions return 0 or -errno, with nothing said, unless they say otherwise. */
#ifndef COMMAND_LAB_STATE_H
#define COMMAND_LAB_STATE_H

#include "command/lab/kernels/kernel.h"
#include "command/lab/machine.h"
#include "command/lab/options.h"

/* The directory of a state that fits, for free(), or NULL. */
char *lab_state_find(const struct lab_options *options, const struct lab_kernel *kernel);
/* Save the state of a machine that waits. It is stopped then, until its emulator's resume(). */
int lab_state_save(struct lab_machine *machine, const struct lab_options *options,
		   const struct lab_kernel *kernel);
void lab_state_remove(const char *directory);

#endif /* COMMAND_LAB_STATE_H */

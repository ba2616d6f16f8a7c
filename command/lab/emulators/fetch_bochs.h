/* SPDX-License-Identifier: MIT */
/* A Bochs of the lab's own. */
#ifndef COMMAND_LAB_EMULATORS_FETCH_BOCHS_H
#define COMMAND_LAB_EMULATORS_FETCH_BOCHS_H

#include "command/lab/options.h"

/* From init.S: what is changed in Bochs, as patch(1) takes it. */
extern const unsigned char lab_bochs_patch[], lab_bochs_patch_end[];

/* Build it into the cache, unless it is there, or another one was named. */
int lab_fetch_bochs(const struct lab_options *options);

#endif /* COMMAND_LAB_EMULATORS_FETCH_BOCHS_H */

/* SPDX-License-Identifier: MIT */
/* Reads of variables that nobody defined: see machine/unset.h. Of the architecture. */
#ifndef EXITS_UNSET_READ_H
#define EXITS_UNSET_READ_H

#include "run/run.h"

/*
 * The code of that frame has touched a page that was absent: if it is a variable's that nobody defined, and the
 * access a read, tell in the run's output.
 */
void unset_read_tell(struct run *run, uint64_t address, uint64_t frame);

#endif /* EXITS_UNSET_READ_H */

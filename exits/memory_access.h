/* SPDX-License-Identifier: MIT */
/* Accesses to guest-physical memory that no memory of the VM answers. */
#ifndef EXITS_MEMORY_ACCESS_H
#define EXITS_MEMORY_ACCESS_H

#include "run/run.h"

/* Serve one, of an exit's or an instruction's that assist/ completes. 0, or -EPERM with the run's complaint. */
int memory_access(struct run *run, struct r0_access *access);

#endif /* EXITS_MEMORY_ACCESS_H */

/* SPDX-License-Identifier: MIT */
/* MSRs that a test declares leave the VM while it runs. Of the architecture. */
#ifndef EXECUTION_DECLARED_MSRS_H
#define EXECUTION_DECLARED_MSRS_H

#include "run/run.h"

/* Returns 0 or -errno, with the run's complaint. */
int declared_msrs_begin(struct run *run);
void declared_msrs_end(struct run *run);

#endif /* EXECUTION_DECLARED_MSRS_H */

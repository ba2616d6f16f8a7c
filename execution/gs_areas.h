/* SPDX-License-Identifier: MIT */
/* Each CPU's GS base, where a test declares it. Of the architecture. */
#ifndef EXECUTION_GS_AREAS_H
#define EXECUTION_GS_AREAS_H

#include "run/run.h"

/* Undone by the machine's reset. Returns 0; -EINVAL with the run's complaint. */
int gs_areas_begin(struct run *run);

#endif /* EXECUTION_GS_AREAS_H */

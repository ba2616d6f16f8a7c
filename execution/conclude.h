/* SPDX-License-Identifier: MIT */
/* From how a run ended to what is told of it. */
#ifndef EXECUTION_CONCLUDE_H
#define EXECUTION_CONCLUDE_H

#include "run/run.h"
#include "verdict/outcome.h"

/* Fill in the verdict, the message, the report and the place. May take long. */
void conclude(struct run *run, struct outcome *outcome);

#endif /* EXECUTION_CONCLUDE_H */

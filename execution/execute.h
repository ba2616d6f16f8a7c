/* SPDX-License-Identifier: MIT */
/*
 * Runs one function as a test on a machine, from entry to verdict: serves what it asks of the
 * host, finds out how it ended, and explains that. The machine is not reset.
 */
#ifndef EXECUTION_EXECUTE_H
#define EXECUTION_EXECUTE_H

#include "machine/machine.h"
#include "run/deadline.h"
#include "run/job.h"
#include "verdict/outcome.h"

/*
 * Run a job under a deadline. The outcome's texts are filled in, never NULL, unless it passes and
 * printed nothing: then they are NULL, so that nothing is allocated for a pass. Returns whether the
 * machine can be reset; if not it is to be thrown away.
 */
bool execute(struct machine *machine, const struct job *job, struct deadline *deadline,
	     struct outcome *outcome);

#endif /* EXECUTION_EXECUTE_H */

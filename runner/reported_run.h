/* SPDX-License-Identifier: MIT */
/*
 * The run of a plan: its cases by the pool's workers, its reports opened before and closed after. Depends on pool.h and the
 * reports.
 */
#ifndef RUNNER_REPORTED_RUN_H
#define RUNNER_REPORTED_RUN_H

#include "plan/plan.h"
#include "report/report.h"
#include "runner/cli/cli.h"
#include "runner/workers/fresh.h"

/* Returns the exit status, with what went wrong said. `argv` is the program's, for a fresh process. */
enum exit_status reported_run(const struct cli *cli, const struct plan *plan, struct fresh *fresh,
			      char **argv);

#endif /* RUNNER_REPORTED_RUN_H */

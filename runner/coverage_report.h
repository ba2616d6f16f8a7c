/* SPDX-License-Identifier: MIT */
/* What --coverage-by-test has noted, in the reports of the run: by the command ring0, as gcov and llvm-cov read it. */
#ifndef RUNNER_COVERAGE_REPORT_H
#define RUNNER_COVERAGE_REPORT_H

#include <stdbool.h>
#include "report/report.h"
#include "runner/cli/cli.h"

/* Whether this process is to write any: inside the lab are neither the sources nor those tools. */
bool coverage_report_is_wanted(const struct cli *cli);

/*
 * After the run, which ended with that status: write the file of LCOV's records, and put an object for each test into the JSON
 * reports' files, before their last one. Returns the status, or 99 having said why if that can't be done.
 */
enum exit_status coverage_report(const struct cli *cli, enum exit_status status);

#endif /* RUNNER_COVERAGE_REPORT_H */

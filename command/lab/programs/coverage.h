/* SPDX-License-Identifier: MIT */
/* The files in which a program built for coverage adds to what earlier runs have counted. */
#ifndef COMMAND_LAB_PROGRAMS_COVERAGE_H
#define COMMAND_LAB_PROGRAMS_COVERAGE_H

#include "command/lab/options.h"
#include "command/lab/programs/files.h"

/*
 * If any of these programs and libraries is built for coverage, say so in options->coverage, and add the files
 * that are there already. Returns 0 or a status, with the error said.
 */
int lab_coverage_add(struct lab_files *files, struct lab_options *options);

#endif /* COMMAND_LAB_PROGRAMS_COVERAGE_H */

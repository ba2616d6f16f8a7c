/* SPDX-License-Identifier: MIT */
/*
 * R0_WATCH(): a debugger (debugger.h) that notes each write of the variables in .watch, with the old
 * and the new value and the call chain that made it. By the CPU's watchpoints where KVM's fire and
 * four are enough; else by single steps, with a comparison after each.
 */
#ifndef EXECUTION_WATCHED_VARIABLES_H
#define EXECUTION_WATCHED_VARIABLES_H

#include "base/buffer.h"

struct run;
struct watched_variables;

/* All of one test's objects together, in bytes. */
#define WATCHED_VARIABLES_SIZE_MAX 4096u

/* Writes that are shown, of all objects together; the others are counted. */
#define WATCHED_VARIABLES_SHOWN 20

/* The report is no longer than this. */
#define WATCHED_VARIABLES_REPORT_MAX 65536u

/*
 * Have the run, of which nothing is set up yet, watched: makes run->watched and run->debugger.
 * Returns 0; -EINVAL with the run's complaint for what can't be watched; another -errno.
 */
int watched_variables_create(struct run *run);
void watched_variables_destroy(struct watched_variables *watchpoints);

/* Append what was noted to a test's output. */
void watched_variables_report(struct watched_variables *watchpoints, struct buffer *output);

#endif /* EXECUTION_WATCHED_VARIABLES_H */

/* SPDX-License-Identifier: MIT */
/*
 * R0_WATCH(): a debugger (debugger.h) that notes each write of the variables in .watch, with the old
 * and the new value and the call chain that made it. By the CPU's watchpoints where KVM's fire and
 * four are enough; else by single steps, with a comparison after each.
 */
#ifndef EXECUTION_WATCHED_VARIABLES_H
#define EXECUTION_WATCHED_VARIABLES_H

#include "base/buffer.h"

struct execution;
struct watchpoints;

/* All of one test's objects together, in bytes. */
#define WATCHPOINTS_SIZE_MAX 4096u

/* Writes that are shown, of all objects together; the others are counted. */
#define WATCHPOINTS_SHOWN 20

/* The report is no longer than this. */
#define WATCHPOINTS_REPORT_MAX 65536u

/*
 * Have the run, of which nothing is set up yet, watched: makes run->watchpoints and run->debugger.
 * Returns 0; -EINVAL with the run's complaint for what can't be watched; another -errno.
 */
int watchpoints_create(struct execution *run);
void watchpoints_destroy(struct watchpoints *watchpoints);

/* Append what was noted to a test's output. */
void watchpoints_report(struct watchpoints *watchpoints, struct buffer *output);

#endif /* EXECUTION_WATCHED_VARIABLES_H */

/* SPDX-License-Identifier: MIT */
/* What a crash report sees of a stopped machine, and the reports made of that. */
#ifndef RUN_CRASH_VIEW_H
#define RUN_CRASH_VIEW_H

#include <stdio.h>
#include "run/run.h"

/*
 * Fill in crash and report texts: the message, in full, into `message`; returns the report, for
 * free(), or NULL.
 */
char *crash_view_explain(struct run *run, char *message, size_t size);

/* Write the call chain of the code at these registers, as crash_backtrace() does. */
void crash_view_backtrace(const struct run *run, const struct kvm_regs *regs,
			  const struct kvm_sregs *sregs, bool after, FILE *out);

/* The name of the function that .when gives, as written or by its address. */
void crash_view_condition(const struct run *run, char *name, size_t size);

#endif /* RUN_CRASH_VIEW_H */

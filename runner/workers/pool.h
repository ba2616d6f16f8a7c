/* SPDX-License-Identifier: MIT */
/*
 * Runs the cases of a plan on machines (a VM and its mirror each), supervises their deadlines,
 * and hands back the outcomes in the order of the plan. Knows nothing of the command line and of
 * reports.
 */
#ifndef RUNNER_POOL_H
#define RUNNER_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "plan/plan.h"
#include "report/report.h"

struct debugger;
struct fresh;

struct pool_options {
	unsigned int timeout_ms; /* 0: each test's own */
	double timeout_factor;
	unsigned int workers; /* how many cases run at once; 0: as many as CPUs may be used */
	bool fresh_vm;
	bool fail_fast;
	bool check_reset;		 /* what a test leaves behind after its reset is an error */
	const char *coverage_by_test;	 /* a folder, or NULL; one case runs at once then */
	const struct debugger *debugger; /* of each case, or NULL; one runs at once then */
	/* Cases that have run already, in an earlier process: their outcomes are taken. May be NULL. */
	struct fresh *fresh;
};

struct pool_events {
	void *context;
	/* A case has been running for over a second; called about every 250 ms. */
	void (*running)(void *context, size_t index, uint64_t elapsed_ns);
	/* In plan order; takes ownership of the outcome; non-zero stops the run. */
	int (*result)(void *context, size_t index, struct outcome *outcome);
	/*
	 * Polled about every 10 ms; may be NULL. True ends the run early: what is running is
	 * interrupted and, like what has not started, gets no result. pool_run() then returns 0.
	 */
	bool (*stopped)(void *context);
};

/*
 * Returns 0; -ENODEV etc. with the message when there is no usable KVM (then everything counts as
 * skipped: exit 77 with that reason). Any other -errno is exit 99.
 */
int pool_run(const struct plan *plan, const struct pool_options *options,
	     const struct pool_events *events, struct error *error);

#endif /* RUNNER_POOL_H */

/* SPDX-License-Identifier: MIT */
/*
 * How results reach the user: one set of operations per output format. The runner calls them
 * from one thread, in the order of the plan. A report writes to its stream, never closes it, and
 * leaves write errors to be found there.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <ring0/call.h>
#include "base/host.h"
#include "verdict/outcome.h"

struct baseline;
struct plan;
struct plan_case;

/* Exit statuses of a test program. */
enum exit_status {
	EXIT_STATUS_PASSED = 0,
	EXIT_STATUS_FAILED = 1,
	EXIT_STATUS_SKIPPED = 77, /* what Automake and Meson take for a skip */
	EXIT_STATUS_ERROR = 99,	  /* what they take for a failure of the harness */
	EXIT_STATUS_SIGNAL = 128, /* and the signal's number, where one ended the run */
};

/* Where to look for a failure: where it happened, or else where the test is. Never NULL. */
const char *report_place(const struct outcome *outcome, const struct plan_case *c, int *line);

/* What a run amounts to, counted by verdict. */
struct tally {
	unsigned int by_verdict[R0_VERDICT_ERROR + 1];
	unsigned int total;
	uint64_t duration_ns;	     /* of the whole run */
	uint64_t completed;	     /* instructions that the host completed in KVM's place */
	const char *completed_names; /* by mnemonic, as a list in words; NULL if there are none */
	const char *doubts;	     /* which results may be a software KVM's doing; or NULL */
	bool measured;		     /* a test has measured something */
};

void tally_add(struct tally *tally, enum r0_verdict verdict);
void tally_add_values(struct tally *tally, const struct r0_result *result);

/*
 * The exit status that a run deserves: a failure of a test before an error of the host (the
 * tested thing did fail, whatever else happened), that before a pass; only skips are a skip, and
 * nothing at all is an error.
 */
enum exit_status tally_exit_status(const struct tally *tally);

struct report {
	const struct report_ops *ops;
	FILE *out;
	bool colour;	      /* out takes colours */
	bool live;	      /* out is a terminal: a progress line may be drawn */
	bool verbose;	      /* show the output of tests that pass, too */
	bool whole;	      /* leave nothing of it out, however long: out is a file of its own */
	unsigned int columns; /* of the terminal; 0 if it isn't one or doesn't say */
	unsigned int rows;
	const char *program;		 /* the name of the test program, or NULL */
	const char *version;		 /* of ring0, or NULL */
	const struct host *host;	 /* that the tests run on, or NULL */
	const struct baseline *baseline; /* to compare what is measured with, or NULL */
	const struct plan *plan;
	void *state; /* the format's own, from begin() to end() */
};

struct report_ops {
	const char *name;  /* as --format has it */
	const char *title; /* for --help */
	/* Returns 0 or -ENOMEM. */
	int (*begin)(struct report *report);
	/* A case has been running for a while: a chance to draw a progress line. May be NULL. */
	void (*running)(struct report *report, const struct plan_case *c, uint64_t elapsed_ns,
			const struct tally *so_far);
	void (*result)(struct report *report, const struct plan_case *c,
		       const struct outcome *outcome);
	/*
	 * A case gets no result: because of --fail-fast, or if `broken`, because the run had to
	 * stop. Like result() in the order of the plan, so that after begin() each case comes to
	 * one of them, just once. May be NULL.
	 */
	void (*not_run)(struct report *report, const struct plan_case *c, const char *why,
			bool broken);
	/* The end of what begin() began. `broken` is why the run had to stop, or NULL. */
	void (*end)(struct report *report, const struct tally *tally, const char *broken);
	/*
	 * In place of all of these: none of the plan's cases, of which there may be none, can run,
	 * for that reason.
	 */
	void (*skipped)(struct report *report, const char *reason);
};

/* The case's place in the report's plan, from 0. */
size_t report_index(const struct report *report, const struct plan_case *c);

/* The case's name without its suite: "name" or "name[3]". */
const char *report_short_name(const struct plan_case *c);

/*
 * Lines of the formats that are text: "on …", what the run is on, if that is known, and what it is compared
 * with; and the tally's doubts, if there are any, and what measurements are worth. `begin` and `end` are what a line of comment begins and ends with.
 */
void report_put_host(const struct report *report, const char *begin, const char *end);
void report_put_doubts(const struct report *report, const struct tally *tally, const char *begin,
		       const char *end);

/* How this run can be had again: "--shuffle=7, shard 1/3", or "" for all, in the usual order. */
void report_order(const struct plan *plan, char *text, size_t size);

#endif /* REPORT_REPORT_H */

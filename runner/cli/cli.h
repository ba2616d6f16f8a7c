/* SPDX-License-Identifier: MIT */
/*
 * A test program's command line. Depends on plan.h for what a selection is, on report.h for the
 * names of the formats.
 */
#ifndef RUNNER_CLI_H
#define RUNNER_CLI_H

#include <stdbool.h>
#include <stdio.h>
#include "assist/assist_policy.h"
#include "base/error.h"
#include "plan/plan.h"
#include "report/formats.h"

enum cli_colour {
	CLI_COLOUR_AUTO, /* on terminals */
	CLI_COLOUR_ALWAYS,
	CLI_COLOUR_NEVER, /* also where $NO_COLOR says so and --color doesn't */
};

enum cli_list {
	CLI_LIST_NOT, /* run them */
	CLI_LIST_NAMES,
	CLI_LIST_JSON,
};

/* A report that is asked for. */
struct cli_report {
	const struct report_ops *ops;
	const char *file; /* in argv or the environment, or NULL for standard output */
};

#define CLI_REPORTS_MAX 16

struct cli {
	/* Its patterns point into argv, its groups and filters to `words`. */
	struct plan_selection selection;
	char *words;
	struct cli_report reports[CLI_REPORTS_MAX];
	size_t report_count;
	bool format_given;	      /* on the command line */
	bool fuzz;		      /* look for inputs, for so long: */
	unsigned int fuzz_seconds;    /* 0: until one is found */
	const char *image;	      /* write the program to that file, as a kernel; or NULL */
	bool pack;		      /* compress it */
	const char *compare;	      /* an earlier report, in argv, or NULL */
	const char *coverage_by_test; /* a folder, or NULL */
	const char *coverage_lcov;    /* a file to be made of it, in argv, or NULL: then that is */
	char *coverage_folder;	      /* this one */
	const char *output;	      /* where a list goes: a file's name, in argv, or NULL */
	enum cli_colour colour;
	unsigned int timeout_ms; /* 0: each test's own */
	double timeout_factor;
	bool seeded;		  /* --shuffle has a seed; if not, one is made up */
	unsigned int workers;	  /* 0: as many as CPUs may be used */
	unsigned int skip_status; /* when everything was skipped */
	unsigned int fail_status; /* when a test failed */
	enum cli_list list;
	const char *shard_status_file; /* to be touched, or NULL: Bazel wants to see it */
	bool annotate; /* after a report for people on standard output, for GitHub */
	bool fail_fast;
	bool fresh_vm;
	bool check_reset;
	bool assist_given;
	enum assist_policy assist; /* if it is given */
	bool lab;		   /* run in the lab, wherever this is */
	const char *gdb;	   /* where gdb is to connect to, in argv; or NULL for none */
	bool gdb_at_start;	   /* it is to have each test stopped there */
	bool verbose;
	bool help;
	bool version;
};

/*
 * Read a command line and the environment; argv is left as it is. Returns 0, -EINVAL with a
 * message, or -ENOMEM. cli_finish() releases it in either case.
 */
int cli_parse(struct cli *cli, int argc, char **argv, struct error *error);
void cli_finish(struct cli *cli);

/* Whether a report's file is what the process has open, such as /dev/stdout, or a device: it is no file to keep. */
bool cli_report_is_stream(const struct cli_report *report);

#endif /* RUNNER_CLI_H */

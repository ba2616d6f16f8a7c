/* SPDX-License-Identifier: MIT */
/*
 * The reports of one run, each with a place of its own to go to. One that can't be written is
 * given up, and told of at the end; the others go on.
 */
#ifndef REPORT_SET_H
#define REPORT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "plan/plan.h"
#include "report/report.h"

/* One more than --format allows, for the annotations. */
#define REPORT_SET_MAX 18

struct report_output {
	struct report report;
	const char *name; /* of where it goes, for messages */
	bool own_stream;  /* to be closed */
	bool begun;
	int error;   /* errno of writing it, or of its begin() */
	FILE *muted; /* where it goes but for being muted, or NULL */
};

struct report_set {
	struct report_output outputs[REPORT_SET_MAX];
	size_t count;
	const struct plan *plan;
	size_t next; /* the first case that came to no result() or not_run() yet */
};

/*
 * Whether what comes now has been written to standard output already, by an earlier process: it goes
 * nowhere there.
 */
void report_set_mute(struct report_set *set, bool mute);

/*
 * Add a report, of which `ops`, `program`, `colour` and the like are filled in by the caller, to
 * be written to a file, or to standard output if that is NULL. Returns 0 or -errno of opening it,
 * and keeps the error. There is room for REPORT_SET_MAX.
 */
int report_set_add(struct report_set *set, const struct report *report, const char *file);

/*
 * As struct report_ops has them, for all reports. They begin by themselves. The last but
 * report_set_end() return 0, or -errno once no report is left that can be written.
 */
int report_set_running(struct report_set *set, size_t index, uint64_t elapsed_ns,
		       const struct tally *so_far);
/* The same of what has no cases yet, an image: `so_far` counts those, whose number the plan's `suites` is. */
int report_set_waiting(struct report_set *set, const struct plan_case *waits_for,
		       uint64_t elapsed_ns, const struct tally *so_far);
/* The cases between this one and the last that had a result are not run, because of `why`. */
int report_set_result(struct report_set *set, size_t index, const struct outcome *outcome,
		      const char *why, bool broken);
/* So are those after the last. */
void report_set_end(struct report_set *set, const struct tally *tally, const char *why,
		    const char *broken);
void report_set_skipped(struct report_set *set, const char *reason);

/* Whether a report has begun. */
bool report_set_has_begun(const struct report_set *set);

/* Write out what is buffered and close the files; the errors stay in the outputs. */
void report_set_close(struct report_set *set);

#endif /* REPORT_SET_H */

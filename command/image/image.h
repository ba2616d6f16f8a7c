/* SPDX-License-Identifier: MIT */
/*
 * `ring0 image`: what its files share. log.c reads what an image prints; boots.c starts what boots it, as often as is
 * needed; explain.c finds its symbols (modules.c, stop.h); publish.c makes reports of that; results.c a file to compare; image.c is the command line.
 */
#ifndef COMMAND_IMAGE_IMAGE_H
#define COMMAND_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "base/error.h"
#include "command/image/log.h"
#include "report/report.h"

#define IMAGE_REPORTS_MAX 16

struct image_options {
	struct {
		const struct report_ops *ops;
		const char *file; /* or NULL for standard output */
	} reports[IMAGE_REPORTS_MAX];
	size_t report_count;
	const char *results;	 /* a file for `ring0 compare`, or NULL */
	const char *environment; /* what it is called there, or NULL */
	const char *program;	 /* which the image is of, or NULL: to be found */
	const char *log;	 /* a file for all that was printed, or NULL */
	double silence_s;	 /* after which a machine is taken for lost */
	bool verbose;
};

/* ---- boots.c ---- */

/*
 * Start a command, in whose words {cmdline} stands for the image's command line, and read what it prints; again from the
 * next case on where it ends, or is silent for so long, before the image has come to its end. Returns the number of times,
 * or -errno with a message.
 */
int image_boots(char *const *command, const struct image_options *options, struct image_log *log,
		struct error *error);

/* ---- explain.c ---- */

/*
 * Make of what an image tells of a test's end, in numbers, what a mirrored test's report has: functions, files and lines,
 * code and backtrace. `program` and `command` as in image_modules_find(). Where the program is not there, that is said,
 * and the numbers stay.
 */
void image_explain(struct image_log *log, const char *program, char *const *command);

/* ---- publish.c ---- */

/* Write the reports. Returns the exit status. */
int image_publish(const struct image_options *options, struct image_log *log);

/* ---- results.c ---- */

/* Write the results to a file, as JSON lines. Returns 0 or -errno with a message. */
int image_results_write(const char *file, const char *environment, const struct image_log *log,
			struct error *error);

#endif /* COMMAND_IMAGE_IMAGE_H */

/* SPDX-License-Identifier: MIT */
/*
 * `ring0 suite`: what its files share. options.c reads the command line; collect.c finds the images that it
 * names, and the tests of a unittests.cfg; image.c says how one is to be run; child.c runs it as `ring0 boot`, in
 * a process of its own; log.c keeps what it prints; publish.c makes results of that; run.c has so many of them
 * run at once; standalone.c writes one as a file of its own; files.c has text in and out.
 */
#ifndef COMMAND_SUITE_SUITE_H
#define COMMAND_SUITE_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include "base/buffer.h"
#include "base/error.h"
#include "command/boot/boot.h"
#include "plan/plan.h"
#include "report/report.h"
#include "report/set.h"
#include "suite/arguments.h"
#include "suite/configuration.h"
#include "suite/ending.h"
#include "suite/results.h"
#include "suite/vmm_parameters.h"

#define SUITE_REPORTS_MAX 16
#define SUITE_JOBS_MAX	  64

enum suite_list { SUITE_LIST_NOT, SUITE_LIST_NAMES, SUITE_LIST_JSON };

struct suite_options {
	struct plan_selection selection; /* its lists are in `words` */
	const char **words;
	char *groups;	      /* a copy, in pieces */
	size_t operand_count; /* at the start of `words` */
	size_t pattern_count; /* of them the last, which are patterns for sure */
	struct {
		const struct report_ops *ops;
		const char *file; /* or NULL for standard output */
	} reports[SUITE_REPORTS_MAX];
	size_t report_count;
	const char *output;
	enum suite_list list;
	unsigned int jobs;
	bool has_time_limit;
	uint64_t time_limit_ms; /* 0 for none */
	double time_factor;
	const char *log_directory, *environment, *standalone;
	bool with_command; /* standalone carries ring0 along */
	/* For images that are named by themselves, and where a unittests.cfg says nothing. */
	const char *append, *console, *cpu;
	unsigned int cpus, memory_mib; /* 0: nothing is said */
	bool verbose, help;
};

/* ---- options.c ---- */

/* Returns 0 or -errno, having said in one line what is wrong. suite_options_finish() in any case. */
int suite_options_parse(int argc, char **argv, struct suite_options *options);
void suite_options_help(FILE *out);
void suite_options_finish(struct suite_options *options);

/* ---- files.c ---- */

/* Print one line that starts with "ring0 suite: ". */
void suite_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* All of a file as text, NUL-terminated, for free(). Returns 0 or -errno. */
int suite_file_read(const char *path, char **text, size_t *size);

/* What a shell prints for a command, without newlines at the end, for free(); or NULL. */
char *suite_shell(const char *command, struct error *error);

/* For suite_arguments_parse(): variables of the environment, and $MAX_SMP; commands. */
extern const struct suite_expansion suite_expansion;

/* ---- collect.c ---- */

/* A list of tests, with what lies beside it. */
struct suite_source {
	char *path;	 /* of the unittests.cfg */
	char *directory; /* that it is in */
	struct suite_configuration configuration;
	char *errata_path, *errata; /* or NULL */
	char architecture[32];	    /* that its images are made for */
};

/* An image with a way to run it. */
struct suite_image {
	char *name;
	char *path;			   /* of the image; NULL if its entry does not say */
	const struct suite_source *source; /* NULL for an image that was named by itself */
	const struct suite_entry *entry;   /* likewise */
	struct r0_test test;		   /* for the plan: name, place and groups */
	char *groups;			   /* the test's */
};

struct suite_collection {
	struct suite_source *sources;
	size_t source_count;
	struct suite_image *images;
	size_t image_count;
	const char **patterns; /* what of the operands names no file */
	size_t pattern_count;
};

/* Returns 0 or -errno with a message. suite_collection_finish() in any case. */
int suite_collect(struct suite_collection *collection, const struct suite_options *options,
		  struct error *error);
void suite_collection_finish(struct suite_collection *collection);

/* ---- image.c ---- */

/* How an image is run, or that it is not. */
struct suite_job {
	bool is_refused; /* with that verdict and reason, without having been run */
	enum r0_verdict verdict;
	char reason[512];
	struct suite_machine machine;
	char *arguments;	   /* the image's, or NULL */
	struct buffer environment; /* empty for none */
	uint64_t time_limit_ms;	   /* 0 for none */
	bool is_to_shut_down;
};

/* suite_job_finish() in any case. */
void suite_job_prepare(struct suite_job *job, const struct suite_image *image,
		       const struct suite_options *options);
void suite_job_finish(struct suite_job *job);

/* The environment that an image gets, beyond what is filled in: the user's. NULL for none. Returns 0 or -errno. */
int suite_environment_read(const struct suite_options *options, char **text, struct error *error);

/* ---- log.c ---- */

/* What images print, a file for each. */
struct suite_logs {
	const char *directory; /* NULL for none */
	bool has_failed;       /* once one could not be written, no more is */
};

struct suite_log {
	struct suite_logs *logs;
	char *path;
	int fd; /* -1 for none */
	uint64_t size;
};

/* Make the directory, unless it is there. Returns 0 or -errno with a message. */
int suite_logs_open(struct suite_logs *logs, const char *directory, struct error *error);

/* The path of a file for that image, for free(), or NULL. */
char *suite_logs_path(const struct suite_logs *logs, const char *image, const char *suffix);

void suite_log_open(struct suite_log *log, struct suite_logs *logs, const char *image);
void suite_log_add(struct suite_log *log, const char *text, size_t size);
void suite_log_close(struct suite_log *log);

/* ---- child.c ---- */

/* An image that runs, or has run. */
struct suite_child {
	const struct suite_image *image;
	struct suite_job job;
	pid_t pid; /* 0 once it has ended, or if it never ran */
	bool is_done;
	int out_fd,
		err_fd; /* what it prints, and what is said of it; -1 once they are at their end */
	int environment_fd;
	struct boot_result *result; /* in memory that both share */
	struct suite_results results;
	struct buffer errors; /* what is said of it */
	struct suite_log log;
	bool was_killed;
	uint64_t started_ns, ended_ns;
	uint64_t kill_ns; /* when it is taken for lost, by clock_ns() */
	struct suite_ending ending;
	char *message; /* the ending's */
	char *report;  /* what came after it, or NULL */
};

/* Begin to run it. What can't be is its ending, and it is done. suite_child_finish() in any case. */
void suite_child_start(struct suite_child *child, const struct suite_image *image,
		       const struct suite_options *options, struct suite_logs *logs);

/* Take in what it has printed, on that descriptor of its two. */
void suite_child_read(struct suite_child *child, int *fd);

/* See whether it has ended: then it is done. */
void suite_child_reap(struct suite_child *child);

/* End it, and wait for that. */
void suite_child_kill(struct suite_child *child);
void suite_child_finish(struct suite_child *child);

/* ---- publish.c ---- */

/* The plan of the results: cases are added as they come. */
struct suite_publication {
	struct plan plan;
	struct report_set reports;
	struct tally tally;
	struct host host;
};

/* For so many images. Returns 0 or -ENOMEM. */
int suite_publication_init(struct suite_publication *publication, size_t images);
void suite_publication_finish(struct suite_publication *publication);

/* All results of an image that is done. Returns 0, or -errno once no report is left that can be written. */
int suite_publish(struct suite_publication *publication, struct suite_child *child);

/* It did not run. */
void suite_publish_not_run(struct suite_publication *publication, const struct suite_image *image);

/* ---- run.c ---- */

/* Run the images of a plan, of which each test is that of an image. Returns the exit status. */
int suite_run(const struct suite_options *options, const struct plan *plan);

/* ---- standalone.c ---- */

/* As --standalone has it: NAME=FILE. Returns 0 or -errno with a message. */
int suite_standalone_write(const struct suite_options *options,
			   const struct suite_collection *collection, struct error *error);

#endif /* COMMAND_SUITE_SUITE_H */

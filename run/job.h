/* SPDX-License-Identifier: MIT */
/* What is to run. */
#ifndef RUN_JOB_H
#define RUN_JOB_H

#include <stdint.h>
#include <ring0/private/fuzz.h>
#include <ring0/test.h>
#include "run/debugger.h"

/* An input of R0_FUZZ(), as an element of .params. */
struct job_input {
	struct r0_fuzz_input input; /* on the host; first, as images have no other */
	const char *name;
	/*
	 * Where the test finds it: memory of the process that the mirror has, a page for where it is, R0_FUZZ_MOST bytes
	 * that it is at the end of, and a page that can't be accessed.
	 */
	uint8_t *room;
};

struct job {
	void (*fn)(void *arg);
	void *arg;
	void *param;		       /* R0_PARAM's element, or NULL: options->params.size bytes */
	const struct job_input *input; /* of R0_FUZZ(), `param` being its room; or NULL */
	const struct r0_options *options; /* never NULL */
	const char *attributes;		  /* as written, or NULL */
	const char *file;		  /* where the test is, or NULL */
	int line;
	uint64_t limit_ns;		 /* it may run */
	const struct debugger *debugger; /* that takes part in it, or NULL */
};

#endif /* RUN_JOB_H */

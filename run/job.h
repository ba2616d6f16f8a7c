/* SPDX-License-Identifier: MIT */
/* What is to run. */
#ifndef RUN_JOB_H
#define RUN_JOB_H

#include <stdint.h>
#include <ring0/test.h>
#include "run/debugger.h"

struct job {
	void (*fn)(void *arg);
	void *arg;
	void *param; /* R0_PARAM's element, or NULL: options->params.size bytes */
	const struct r0_options *options; /* never NULL */
	const char *attributes;		  /* as written, or NULL */
	const char *file;		  /* where the test is, or NULL */
	int line;
	uint64_t limit_ns;		 /* it may run */
	const struct debugger *debugger; /* that takes part in it, or NULL */
};

#endif /* RUN_JOB_H */

/* SPDX-License-Identifier: MIT */
/*
 * What the guest runtime asks of the outside, served in an image: the messages of include/ring0/private/abi.h. And what
 * came of the test that runs.
 */
#ifndef IMAGE_START_TESTS_REQUESTS_X86_64_H
#define IMAGE_START_TESTS_REQUESTS_X86_64_H

#include <ring0/private/types.h>
#include "verdict/verdict.h"

#define REQUESTS_TEXT 1200
#define REQUESTS_PATH 512

struct requests {
	const char *name; /* of the case that runs */
	struct ending ending;
	char text[REQUESTS_TEXT];	 /* what `ending` points to */
	char expectation[REQUESTS_TEXT]; /* the first that failed */
	bool has_failed;		 /* its text is there */
	char file[REQUESTS_PATH];	 /* where it failed first */
	unsigned int line;
	unsigned int silent_cpu; /* that should have started for the test, or 0 */
	unsigned int values;	 /* so many were given */
};

extern struct requests requests;

/* A test begins, of a program whose doorbell is there. */
void requests_begin(const char *name, uint64_t doorbell);

#endif /* IMAGE_START_TESTS_REQUESTS_X86_64_H */

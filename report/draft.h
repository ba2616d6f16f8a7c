/* SPDX-License-Identifier: MIT */
/*
 * JUnit's XML begins with sums, so that all of it is written at the end; but a program may not live to
 * see that. A draft is what is known of it so far, kept in the same file, and well-formed after each
 * result: that is one write. Where the report does not go to a file of which we may write any part, there is none.
 */
#ifndef REPORT_DRAFT_H
#define REPORT_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct draft {
	bool kept;
	int fd;
	off_t start; /* of the document */
	off_t end;   /* of what stays when more is added */
	char *suite; /* whose element is open there, or NULL */
};

/* Begin a draft where the stream is. */
void draft_begin(struct draft *draft, FILE *out);

/* Add a case's element, given the start tags of its document and of its suite. */
void draft_add(struct draft *draft, const char *document, const char *suite, const char *element,
	       size_t size);

/* The document has been written in its place: it is all of the file. */
void draft_end(struct draft *draft, FILE *out);

#endif /* REPORT_DRAFT_H */

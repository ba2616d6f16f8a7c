/* SPDX-License-Identifier: MIT */
/* What an image says of its cases: SoTest's protocol, TAP 14 or KTAP; all else are comments of those, "# …". */
#ifndef IMAGE_START_TESTS_REPORT_H
#define IMAGE_START_TESTS_REPORT_H

#include <ring0/call.h>
#include <ring0/private/types.h>
#include "image/start/payload/words.h"

struct report_result {
	enum r0_verdict verdict;
	const char *message; /* of several lines, perhaps */
	const char *xfail;   /* why a failure is expected, or NULL */
	const char *file;    /* where it is, or failed */
	unsigned int line;
	uint64_t duration_ns;
	unsigned int changed; /* pages, put back */
};

void report_begin(enum words_format format, uint64_t count, bool verbose);

/* A case is about to start, of that number in the image. It may be the last thing that is heard of the machine. */
void report_start(uint64_t number, const char *name);

/* A comment on the case: "# name: key: text", for each line of the text. */
void report_note(const char *name, const char *key, const char *text);

/* What the case gave by r0_value() or measured, whose texts have no line's end. */
void report_value(const char *name, const struct r0_value *value);

void report_result(const char *name, const struct report_result *result);

/* All are done; the exit status that this makes. */
unsigned int report_end(void);

#endif /* IMAGE_START_TESTS_REPORT_H */

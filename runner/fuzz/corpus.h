/* SPDX-License-Identifier: MIT */
/* The inputs of R0_FUZZ()'s tests: a file each, in a folder for each test. */
#ifndef RUNNER_CORPUS_H
#define RUNNER_CORPUS_H

#include <dirent.h>
#include <stddef.h>
#include <ring0/test.h>
#include "base/error.h"
#include "run/job.h"

struct corpus {
	struct r0_test *tests; /* in place of the program's own, with their cases as .params */
	struct job_input **inputs;
	size_t *counts;
	size_t count;
	uint8_t *room;
};

/* Reserve the room that all inputs share. Returns it, or NULL without memory; corpus_room_release(). */
uint8_t *corpus_room(void);
void corpus_room_release(uint8_t *room);

/*
 * Put tests with cases in place of those in the list that are R0_FUZZ()'s: one for each file of FOLDER/suite.name, or
 * the empty input if there is none. Returns 0; -EINVAL for a file that is too long, or a test with .params;
 * -errno of reading a file; -ENOMEM. corpus_finish() in any case, after the tests are of no use any more.
 */
int corpus_init(struct corpus *corpus, const struct r0_test **tests, size_t count,
		struct error *error);
void corpus_finish(struct corpus *corpus);

/* Whether a file of such a folder is an input, by its name: the report beside one is none. */
int corpus_is_input(const struct dirent *entry);

/* "corpus", or $R0_CORPUS if that is set. */
const char *corpus_root(void);

/* The folder of a test: ROOT/suite.name. For free(), or NULL. */
char *corpus_folder(const struct r0_test *test);

#endif /* RUNNER_CORPUS_H */

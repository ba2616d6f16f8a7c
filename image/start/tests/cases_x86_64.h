/* SPDX-License-Identifier: MIT */
/* The cases of an image: which are asked for, and running them one after the other. */
#ifndef IMAGE_START_TESTS_CASES_X86_64_H
#define IMAGE_START_TESTS_CASES_X86_64_H

#include "image/start/payload/format.h"

/* Those of that payload. */
void cases_init(const struct image_payload *payload);

/* Whether a pattern is one of some case. */
bool cases_know(const char *pattern);

/* How many are asked for. */
uint64_t cases_count(void);

/* Run them, from words.from on. */
void cases_run(void);

/* Say their names, one a line. */
void cases_list(void);

#endif /* IMAGE_START_TESTS_CASES_X86_64_H */

/* SPDX-License-Identifier: MIT */
/* A test program's command line as that of an image of it. */
#ifndef RUNNER_IMAGE_WORDS_H
#define RUNNER_IMAGE_WORDS_H

#include "runner/cli/cli.h"

/*
 * What of it an image begins with: patterns, groups, time limit, format. *words is for free(). Returns 0; -EINVAL with a
 * message for what an image can't do, or what its command line can't hold; -ENOMEM.
 */
int image_words(const struct cli *cli, char **words, struct error *error);

#endif /* RUNNER_IMAGE_WORDS_H */

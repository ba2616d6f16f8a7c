/* SPDX-License-Identifier: MIT */
/* What every time limit is multiplied by: $R0_TIMEOUT_FACTOR. */
#ifndef RUNNER_TIMEOUT_FACTOR_H
#define RUNNER_TIMEOUT_FACTOR_H

#include "base/error.h"

/*
 * Read a factor from 0.001 to 1000000, in decimal digits with or without a point; NULL and "" are 1.
 * Returns 0, or -EINVAL with a message.
 */
int timeout_factor_read(const char *text, double *factor, struct error *error);

#endif /* RUNNER_TIMEOUT_FACTOR_H */

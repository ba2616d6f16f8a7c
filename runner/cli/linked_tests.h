/* SPDX-License-Identifier: MIT */
/* The tests that are linked into the program, in the order of their sources. */
#ifndef RUNNER_LINKED_TESTS_H
#define RUNNER_LINKED_TESTS_H

#include <ring0/test.h>
#include "base/error.h"

/*
 * Collect them, without the holes that a linker may leave: *tests is for free(). Returns 0; -ENOENT, with a
 * message, if there are none; -ENOMEM.
 */
int linked_tests_collect(const struct r0_test ***tests, size_t *count, struct error *error);

#endif /* RUNNER_LINKED_TESTS_H */

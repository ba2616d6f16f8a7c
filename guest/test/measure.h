/* SPDX-License-Identifier: MIT */
/* Values that a test gives, and whether it has measured. */
#ifndef GUEST_TEST_MEASURE_H
#define GUEST_TEST_MEASURE_H

#include <ring0/private/abi.h>

#pragma GCC visibility push(hidden)

/* Fails the test where they are too many. */
void give_value(const struct r0_given_value *value);

/* By R0_MEASURE, to its end. */
extern bool has_measured;

#pragma GCC visibility pop

#endif /* GUEST_TEST_MEASURE_H */

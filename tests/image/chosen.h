/* SPDX-License-Identifier: MIT */
#ifndef TESTS_IMAGE_CHOSEN_H
#define TESTS_IMAGE_CHOSEN_H

/* How many bits are set. */
unsigned int chosen_count(unsigned int bits);

#endif /* TESTS_IMAGE_CHOSEN_H */

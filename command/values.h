/* SPDX-License-Identifier: MIT */
/* Values of options that several subcommands have. Each says false if the text is none. Depends on libc. */
#ifndef COMMAND_VALUES_H
#define COMMAND_VALUES_H

#include <stdbool.h>
#include <stdint.h>

/* A decimal number from `least` to `most`, and nothing else. */
bool values_number(const char *text, unsigned int least, unsigned int most, unsigned int *value);

#define VALUES_SECONDS_MAX 1000000

/* Seconds from 0.001 to VALUES_SECONDS_MAX, or 0, as milliseconds. */
bool values_seconds(const char *text, unsigned int *milliseconds);

#endif /* COMMAND_VALUES_H */

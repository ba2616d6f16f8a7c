/* SPDX-License-Identifier: MIT */
/* Definitions of what a kernel's objects need and nothing has. */
#ifndef COMMAND_STUBS_STUBS_H
#define COMMAND_STUBS_STUBS_H

#include <stdio.h>
#include "command/stubs/wanted.h"

/* Whether there is to be a definition of it. */
bool stubs_has(const struct wanted_list *list, const struct wanted *wanted);

/* Whether it is one of the compiler's own functions, which are alike in every kernel. */
bool stubs_is_thunk(const char *name);

/* Write all of them, and say on standard error how many, and what would mislead. */
void stubs_write(const struct wanted_list *list, FILE *out);

/* Write their declarations, as comments, and the size of a CPU's area. */
void stubs_write_header(const struct wanted_list *list, FILE *out);

/* Whether a file that is to be written, NULL for none, is one of the objects; if so, that is said. */
bool overwrites(const char *command, const char *output, char *const *objects, size_t count);

#endif /* COMMAND_STUBS_STUBS_H */

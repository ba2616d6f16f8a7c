/* SPDX-License-Identifier: MIT */
/* A compiler and its flags, as DW_AT_producer has them. Depends on libc alone. */
#ifndef COMMAND_REPLACEABLE_PRODUCER_H
#define COMMAND_REPLACEABLE_PRODUCER_H

#include <stdbool.h>

enum compiler { COMPILER_OTHER, COMPILER_GCC, COMPILER_CLANG };

struct producer {
	enum compiler compiler;
	bool has_flags;	    /* recorded; without them the others say nothing */
	bool optimizes;	    /* -O1 or more, -Og and -Os included */
	bool pic;	    /* -fPIC or -fpic, and not -fPIE */
	bool interposition; /* what is global may be another's at run time */
	bool live_patching; /* no optimization depends on what a called function does */
	bool lto;
};

struct producer producer_of(const char *text);

/* Whether it takes calls of a function of that name for the library's, which it knows. */
bool producer_knows(const char *text, const char *function);

/* Whether the unit is of ring0's library, whose code on the host calls nothing that is replaced in a VM. */
bool producer_is_own(const char *text);

/* Whether compilers know a function by its name: GCC's manual, "Other Builtins". */
bool producer_is_builtin(const char *function);

#endif /* COMMAND_REPLACEABLE_PRODUCER_H */

/* SPDX-License-Identifier: MIT */
/*
 * libc's and the sanitizers' ways of ending a program: in ring 0 each becomes a system call that a test
 * can't make, which says nothing of why. Depends on libc alone.
 */
#ifndef CRASH_LIBRARY_H
#define CRASH_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a function of that name is such an end, or reports what a sanitizer found. */
bool library_is_end(const char *function);

/*
 * What that end was, into text: "it called abort()", "an assertion of assert() failed: …". `function` as
 * above, "" if it was none, or NULL if that is not known; `output` is what the test has written, of which
 * the last line that says why is told, or NULL. False, and "", if it is none as far as is known.
 */
bool library_describe_end(const char *function, const char *output, char *text, size_t size);

#endif /* CRASH_LIBRARY_H */

/* SPDX-License-Identifier: MIT */
/*
 * Functions that a test replaces: .replace = R0_REPLACE((function, replacement), …). However the function
 * is called (directly, by a pointer, from a library, in ring 3, on another CPU), the replacement runs. What
 * the optimiser made of calls, so that there is none left to replace, is found by the debugging information,
 * and refused with the flags to use.
 */
#ifndef RING0_REPLACE_H
#define RING0_REPLACE_H

#include <ring0/test.h>

/*
 * In a test that replaces a function: that function itself, to be called with its arguments,
 * R0_ORIGINAL(read)(port). Calls that it makes of itself go to the replacement. Fails the test where nothing
 * replaces the function, or where its code can't run elsewhere, with the reason. Works in ring 3, too.
 */
#define R0_ORIGINAL(function) \
	((__typeof__(&(function)))r0_original((void (*)(void))(function), #function))
void (*r0_original(void (*function)(void), const char *name))(void);

#endif /* RING0_REPLACE_H */

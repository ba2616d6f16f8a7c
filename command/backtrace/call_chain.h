/* SPDX-License-Identifier: MIT */
/*
 * How the guest came to where a core file stopped, function by function. Depends on symbols.h.
 */
#ifndef COMMAND_BACKTRACE_CALL_CHAIN_H
#define COMMAND_BACKTRACE_CALL_CHAIN_H

#include "command/backtrace/symbols.h"

/*
 * If the core stopped because the guest runtime rang its doorbell, or, with `waiting`, anywhere in a
 * function of the runtime that waits for another CPU, have the core's registers be
 * those of the code that called on the runtime, as far as they are known, and say in *after
 * whether its RIP is a return address. False, and nothing is changed, if it stopped elsewhere.
 */
bool call_chain_leave_runtime(struct symbols *symbols, bool waiting, bool *after);

/* Whether pc is in one of the runtime's functions that start tests. */
bool call_chain_is_outermost(struct symbols *symbols, uint64_t pc);

/*
 * The place that the core's registers are at, as symbols_place() tells it; where that is ring0's or
 * libc's, the innermost of the chain that is neither, and what was called there: "f (a.c:3), in
 * r0_in8". `after` as in symbols.h. Into library, the outermost function of crash/library.h that was on
 * the way, or "".
 */
void call_chain_place(struct symbols *symbols, bool after, char *buffer, size_t size, char *library,
		      size_t library_size);

/* Write the chain that the core's registers begin. `after` as in symbols.h, for the first frame. */
void call_chain_print(struct symbols *symbols, bool after, FILE *out);

#endif /* COMMAND_BACKTRACE_CALL_CHAIN_H */

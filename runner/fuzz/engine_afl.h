/* SPDX-License-Identifier: MIT */
/* AFL++'s side of an engine: the program is linked with its run-time library, and started by afl-fuzz. Depends on mirror/maps.h. */
#ifndef RUNNER_ENGINE_AFL_H
#define RUNNER_ENGINE_AFL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mirror/mirror.h"

/* Whether the program is compiled by AFL++'s compilers. */
bool engine_afl_is_there(void);

/* Whether it was compiled for CMPLOG, by AFL_LLVM_CMPLOG=1: some of its code calls that part of the run-time library. */
bool engine_afl_has_cmplog(void);

/* Whether code in [start, end) calls a function, directly. Of the architecture. */
bool engine_afl_calls(const uint8_t *start, const uint8_t *end, uint64_t function);

/*
 * Where the run-time library counts, and where it notes what is compared (CMPLOG, where afl-fuzz asks for it), once afl-fuzz has started
 * the program: up to ENGINE_AFL_RANGES. Returns how many, or -errno with a message.
 */
#define ENGINE_AFL_RANGES 2
int engine_afl_counters(struct mirror_range ranges[ENGINE_AFL_RANGES], struct error *error);

/*
 * Give `take` each input that afl-fuzz has, until that wants a fresh process. Returns 0; -ENOTCONN if the program was not started
 * by afl-fuzz. `take` returns 0, or ends the process by a signal, which is a finding.
 */
int engine_afl_run(int (*take)(const uint8_t *data, size_t size));

#endif /* RUNNER_ENGINE_AFL_H */

/* SPDX-License-Identifier: MIT */
/* AFL++'s side of an engine: the program is linked with its run-time library, and started by afl-fuzz. Depends on libc. */
#ifndef RUNNER_ENGINE_AFL_H
#define RUNNER_ENGINE_AFL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the program is compiled by AFL++'s compilers. */
bool engine_afl_is_there(void);

/* Where the run-time library counts, once afl-fuzz has started the program: *end is exclusive. */
void engine_afl_counters(uint64_t *start, uint64_t *end);

/*
 * Give `take` each input that afl-fuzz has, until that wants a fresh process. Returns 0; -ENOTCONN if the program was not started
 * by afl-fuzz. `take` returns 0, or ends the process by a signal, which is a finding.
 */
int engine_afl_run(int (*take)(const uint8_t *data, size_t size));

#endif /* RUNNER_ENGINE_AFL_H */

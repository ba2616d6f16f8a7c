/* SPDX-License-Identifier: MIT */
/*
 * Persistent mode with inputs in shared memory (AFL++'s instrumentation/README.persistent_mode.md), without the macros that only
 * its compilers know. The machine is made in the process that the fork server has forked, as KVM's belong to a process.
 */
#include "runner/fuzz/engine_afl.h"
#include <errno.h>

/* By these in its file afl-fuzz knows that a program has such a loop, and when its fork server starts. */
static const char persistent[] __attribute__((used)) = "##SIG_AFL_PERSISTENT##";
static const char deferred[] __attribute__((used)) = "##SIG_AFL_DEFER_FORKSRV##";

/* A process is to take so many inputs: what is left behind in it is the reset's matter. */
#define INPUTS 1000000

/* Of the run-time library, where the program is linked with it. */
extern int __afl_persistent_loop(unsigned int count) __attribute__((weak));
extern void __afl_manual_init(void) __attribute__((weak));
extern uint8_t *__afl_area_ptr __attribute__((weak));
extern uint32_t __afl_map_size __attribute__((weak));
extern uint8_t *__afl_fuzz_ptr __attribute__((weak));
extern uint32_t *__afl_fuzz_len __attribute__((weak));
extern int __afl_sharedmem_fuzzing __attribute__((weak));

bool engine_afl_is_there(void)
{
	return __afl_persistent_loop && __afl_manual_init;
}

void engine_afl_counters(uint64_t *start, uint64_t *end)
{
	*start = (uint64_t)__afl_area_ptr;
	*end = *start + __afl_map_size;
}

int engine_afl_run(int (*take)(const uint8_t *data, size_t size))
{
	/* By a macro of its own a program asks so for inputs in shared memory. */
	__afl_sharedmem_fuzzing = 1;
	__afl_manual_init();
	if (!__afl_fuzz_ptr)
		return -ENOTCONN;
	while (__afl_persistent_loop(INPUTS))
		take(__afl_fuzz_ptr, *__afl_fuzz_len);
	return 0;
}

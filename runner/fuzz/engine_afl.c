/* SPDX-License-Identifier: MIT */
/*
 * Persistent mode with inputs in shared memory (AFL++'s instrumentation/README.persistent_mode.md), without the macros that only
 * its compilers know. The machine is made in the process that the fork server has forked, as KVM's belong to a process.
 */
#include "runner/fuzz/engine_afl.h"
#include <errno.h>
#include <link.h>
#include "base/address.h"
#include "mirror/maps.h"

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
extern void *__afl_cmp_map __attribute__((weak));
extern void __cmplog_ins_hook1(void) __attribute__((weak));
extern void __cmplog_ins_hook2(void) __attribute__((weak));
extern void __cmplog_ins_hook4(void) __attribute__((weak));
extern void __cmplog_ins_hook8(void) __attribute__((weak));
extern uint8_t *__afl_fuzz_ptr __attribute__((weak));
extern uint32_t *__afl_fuzz_len __attribute__((weak));
extern int __afl_sharedmem_fuzzing __attribute__((weak));

bool engine_afl_is_there(void)
{
	return __afl_persistent_loop && __afl_manual_init;
}

/* Of the program's own file, which is the first. */
static int look_for_calls(struct dl_phdr_info *info, size_t size, void *context)
{
	const uint64_t hooks[] = {
		(uint64_t)__cmplog_ins_hook1,
		(uint64_t)__cmplog_ins_hook2,
		(uint64_t)__cmplog_ins_hook4,
		(uint64_t)__cmplog_ins_hook8,
	};
	bool *found = context;
	size_t i, j;

	(void)size;
	for (i = 0; i < info->dlpi_phnum && !*found; i++) {
		const uint8_t *start =
			(const uint8_t *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);

		if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X))
			continue;
		for (j = 0; j < sizeof(hooks) / sizeof(hooks[0]) && !*found; j++)
			*found = engine_afl_calls(start, start + info->dlpi_phdr[i].p_filesz,
						  hooks[j]);
	}
	return 1;
}

bool engine_afl_has_cmplog(void)
{
	bool found = false;

	if (__cmplog_ins_hook1)
		dl_iterate_phdr(look_for_calls, &found);
	return found;
}

/* The whole of a mapping: how much of it a version of AFL++ uses is its own affair. */
static int find_mapping(uint64_t address, struct mirror_range *range, struct error *error)
{
	struct maps maps;
	int err = maps_list(&maps, NULL, error);
	size_t i;

	if (err)
		return err;
	for (i = 0; i < maps.count; i++)
		if (range_holds(maps.entries[i].start, maps.entries[i].end - maps.entries[i].start,
				address, 1))
			*range =
				(struct mirror_range){ maps.entries[i].start, maps.entries[i].end };
	maps_finish(&maps);
	return 0;
}

int engine_afl_counters(struct mirror_range ranges[ENGINE_AFL_RANGES], struct error *error)
{
	const uint64_t area = (uint64_t)__afl_area_ptr;
	int err;

	ranges[0] = (struct mirror_range){ area, area + __afl_map_size };
	if (!&__afl_cmp_map || !__afl_cmp_map)
		return 1;
	err = find_mapping((uint64_t)__afl_cmp_map, &ranges[1], error);
	return err ? err : 2;
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

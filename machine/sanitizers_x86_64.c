/* SPDX-License-Identifier: MIT */
/*
 * Ring 0's view of the sanitizers' functions: their first bytes are a jump to ring0's own. The process and ring 3 see
 * the libraries'.
 */
#include "machine/sanitizers.h"
#include <ring0/private/sanitizers.h>
#include "mirror/code_jump.h"

#pragma GCC visibility push(hidden)
#define DECLARE_OWN(theirs, ours) void ours(void);
R0_ASAN_FUNCTIONS(DECLARE_OWN)
R0_UBSAN_FUNCTIONS(DECLARE_OWN)
R0_TRACE_FUNCTIONS(DECLARE_OWN)
#pragma GCC visibility pop

/* Those that the program has, by whichever library: others are NULL. To GCC some names are builtins. */
#define DECLARE_THEIRS(theirs, ours) \
	extern void found##theirs(void) __asm__(#theirs) __attribute__((weak));
R0_ASAN_FUNCTIONS(DECLARE_THEIRS)
R0_UBSAN_FUNCTIONS(DECLARE_THEIRS)
R0_TRACE_FUNCTIONS(DECLARE_THEIRS)
R0_CMPLOG_FUNCTIONS(DECLARE_THEIRS)

/* Of each program that AFL++ has compiled. */
extern void __afl_manual_init(void) __attribute__((weak));

struct replaced {
	void (*theirs)(void);
	void (*ours)(void);
};

#define ENTRY(theirs, ours) { found##theirs, ours },
static const struct replaced sanitizers[] = { R0_ASAN_FUNCTIONS(ENTRY) R0_UBSAN_FUNCTIONS(ENTRY) };
static const struct replaced libfuzzer[] = { R0_TRACE_FUNCTIONS(ENTRY) };
static const struct replaced afl[] = { R0_CMPLOG_FUNCTIONS(ENTRY) };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int add_jumps(struct code_patches *patches, const struct replaced *functions, size_t count)
{
	uint8_t jump[CODE_JUMP_MOST];
	size_t size, i;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		if (!functions[i].theirs)
			continue;
		size = code_jump(jump, (uint64_t)functions[i].ours);
		err = code_patches_replace(patches, (uint64_t)functions[i].theirs, jump, size);
	}
	return err;
}

int sanitizers_add_patches(struct code_patches *patches, struct error *error)
{
	int err = add_jumps(patches, sanitizers, COUNT(sanitizers));

	if (!err && __afl_manual_init)
		err = add_jumps(patches, afl, COUNT(afl));
	else if (!err)
		err = add_jumps(patches, libfuzzer, COUNT(libfuzzer));
	return err ? error_set(error, -err, "no memory for what ring 0 sees of sanitizers") : 0;
}

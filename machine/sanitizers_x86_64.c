/* SPDX-License-Identifier: MIT */
/*
 * Ring 0's view of the sanitizers' functions: their first bytes are a jump to ring0's own. The process and ring 3 see
 * the libraries'.
 */
#include "machine/sanitizers.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/private/sanitizers.h>

/* MOV imm64 to R11, and JMP to R11: a library may be further away than a displacement reaches. SDM vol. 2. */
#define JUMP_SIZE 13

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

static int by_address(const void *first, const void *second)
{
	const struct mirror_patch *a = first, *b = second;

	return a->address < b->address ? -1 : a->address > b->address;
}

static void add_jump(struct mirror_patch *patches, uint64_t from, uint64_t to)
{
	uint8_t jump[JUMP_SIZE] = { 0x49, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x41, 0xff, 0xe3 };
	size_t i;

	memcpy(jump + 2, &to, sizeof(to));
	for (i = 0; i < JUMP_SIZE; i++)
		patches[i] = (struct mirror_patch){ .address = from + i, .value = jump[i] };
}

/* Of two at one address, one. */
static size_t drop_repeated(struct mirror_patch *patches, size_t count)
{
	size_t i, kept = 0;

	for (i = 0; i < count; i++)
		if (!kept || patches[kept - 1].address != patches[i].address)
			patches[kept++] = patches[i];
	return kept;
}

static size_t add_jumps(struct mirror_patch *patches, const struct replaced *functions,
			size_t count)
{
	size_t found = 0, i;

	for (i = 0; i < count; i++) {
		if (!functions[i].theirs)
			continue;
		add_jump(&patches[found], (uint64_t)functions[i].theirs,
			 (uint64_t)functions[i].ours);
		found += JUMP_SIZE;
	}
	return found;
}

int sanitizers_add_patches(struct mirror_patch **patches, size_t *count, struct error *error)
{
	const size_t most = COUNT(sanitizers) + (__afl_manual_init ? COUNT(afl) : COUNT(libfuzzer));
	struct mirror_patch *all = reallocarray(*patches, *count + most * JUMP_SIZE, sizeof(*all));
	size_t found = *count;

	if (!all)
		return error_set(error, ENOMEM, "no memory for what ring 0 sees of sanitizers");
	*patches = all;
	found += add_jumps(&all[found], sanitizers, COUNT(sanitizers));
	if (__afl_manual_init)
		found += add_jumps(&all[found], afl, COUNT(afl));
	else
		found += add_jumps(&all[found], libfuzzer, COUNT(libfuzzer));
	if (found == *count)
		return 0;
	qsort(all, found, sizeof(*all), by_address);
	*count = drop_repeated(all, found);
	return 0;
}

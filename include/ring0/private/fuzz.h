/* SPDX-License-Identifier: MIT */
/* What the guest runtime and the host agree on for fuzzing. */
#ifndef RING0_PRIVATE_FUZZ_H
#define RING0_PRIVATE_FUZZ_H

#include <ring0/private/types.h>

/* What R0_PARAM() is of R0_FUZZ(). */
struct r0_fuzz_input {
	const uint8_t *data;
	uint64_t size;
};

/* What was compared with what: by the callbacks of -fsanitize-coverage=trace-cmp (clang's SanitizerCoverage). */
enum r0_compare_kind {
	R0_COMPARE_1,
	R0_COMPARE_2,
	R0_COMPARE_4,
	R0_COMPARE_8,
	R0_COMPARE_CONST_1,
	R0_COMPARE_CONST_2,
	R0_COMPARE_CONST_4,
	R0_COMPARE_CONST_8,
	R0_COMPARE_SWITCH, /* b: the list of its cases */
	R0_COMPARE_KINDS,
};

struct r0_compare {
	uint64_t kind, a, b;
};

#define R0_COMPARES 128

struct r0_compares {
	uint64_t count; /* may be more than there is room for */
	struct r0_compare entries[R0_COMPARES];
};

#pragma GCC visibility push(hidden)

/* Of the test that ran last: given back as counters are. */
extern struct r0_compares r0_compares;

/* Whether they are wanted: set before the machines are made. */
extern bool r0_compares_wanted;

#pragma GCC visibility pop

#endif /* RING0_PRIVATE_FUZZ_H */

/* SPDX-License-Identifier: MIT */
/*
 * What an image prints to results, as it comes: lines of kvm-unit-tests, of SoTest's protocol, of TAP or KTAP. The
 * first that shows itself is the one that the image speaks; what else it prints is free text. Pure: depends on libc
 * and the public headers only.
 */
#ifndef SUITE_RESULTS_H
#define SUITE_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ring0/call.h>
#include "base/buffer.h"

/* Of a line so much is looked at, of what comes before a result so much is kept, and of results so many. */
#define SUITE_LINE_MAX	  1024
#define SUITE_OUTPUT_MAX  65536
#define SUITE_RESULTS_MAX 20000

/* Subtests in subtests. */
#define SUITE_TAP_DEPTH 8

enum suite_protocol {
	SUITE_PROTOCOL_NONE,
	SUITE_PROTOCOL_KVM_UNIT_TESTS,
	SUITE_PROTOCOL_SOTEST,
	SUITE_PROTOCOL_TAP,
};

struct suite_result {
	char *name; /* as the image has it */
	enum r0_verdict verdict;
	char *message; /* why, or NULL */
	char *output;  /* what it printed since the result before, or NULL */
	size_t output_size;
	uint64_t duration_ns; /* since the result before, or the start */
};

/* What TAP has said at one depth. */
struct suite_tap_level {
	char name[256];	 /* of this subtest, or empty */
	size_t expected; /* by its plan */
	size_t count;
	bool has_plan;
	bool has_subtests; /* since its last result */
	bool has_failed;   /* one of those subtests */
};

struct suite_results {
	struct suite_result *items;
	size_t count, capacity;
	size_t lost; /* results that were too many, or for which there was no memory */
	bool has_lost_failure;
	enum suite_protocol protocol;
	bool keep_output; /* of results that are no failures, too */
	bool has_ended;	  /* said that it was at its end */
	bool is_skipped;  /* as a whole, because of: */
	bool has_aborted; /* because of: */
	char reason[256];
	size_t benchmarks; /* of SoTest: results that some count among the announced, others don't */
	bool has_expected; /* how many results there are to be: */
	size_t expected;
	struct suite_tap_level levels[SUITE_TAP_DEPTH];
	bool is_ktap;
	bool is_after_point, is_in_block; /* where TAP may have YAML, and that it has */
	struct buffer pending;		  /* what was printed since the last result */
	char line[SUITE_LINE_MAX];
	size_t line_size;
	uint64_t last_ns;
};

/* From `now_ns` on, by any clock that goes forward. */
void suite_results_init(struct suite_results *results, bool keep_output, uint64_t now_ns);

/* Some more of the text, which may end within a line. */
void suite_results_add(struct suite_results *results, const char *text, size_t size,
		       uint64_t now_ns);

/* The text is at its end. */
void suite_results_end(struct suite_results *results, uint64_t now_ns);

void suite_results_finish(struct suite_results *results);

/* Whether it is a failure, by some result. */
bool suite_results_have_failure(const struct suite_results *results);

#endif /* SUITE_RESULTS_H */

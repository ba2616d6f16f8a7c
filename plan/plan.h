/* SPDX-License-Identifier: MIT */
/*
 * Which cases of which tests are to run, in order. A test without .params is one case, one with
 * them a case for each element. Pure: knows neither KVM nor the command line's syntax.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ring0/test.h>
#include "base/error.h"

struct plan_case {
	const struct r0_test *test;
	size_t param; /* index of the element; 0 if the test has no .params */
	char *name;   /* "suite.name", "suite.name[3]" or "suite.name[of an element]" */
};

struct plan {
	struct plan_case *cases;
	size_t count;
	size_t once;	   /* cases before they repeat; the others share their names */
	size_t registered; /* tests in the program, selected or not */
	bool shuffled;
	uint32_t seed;		    /* if it is shuffled */
	unsigned int shard, shards; /* this is the shard-th of so many, or both are 0 */
	/*
	 * Of what runs elsewhere the cases are known when they have run. Then so many may come to be, of so many suites,
	 * and those that there are stay where they are. Otherwise both are 0.
	 */
	size_t limit, suites;
};

/* How many cases there are at most. */
static inline size_t plan_limit(const struct plan *plan)
{
	return plan->limit ? plan->limit : plan->count;
}

/*
 * What is asked for. All lists may be empty. A case runs if one of the patterns that don't
 * exclude matches it, or there are none; no pattern that excludes does; the same holds for the
 * filters; and its test is in one of the groups, or there are none. A nodefault test must besides be asked for: by a pattern that is
 * its exact name (or the exact name and an index), by one of its other groups, or with `all`.
 */
struct plan_selection {
	/*
	 * Globs over "suite.name"; one that ends in an index ("suite.name[3]", "suite.*[*]") is
	 * over the cases of tests with .params, by number or by name. Those that start with "-" exclude.
	 */
	const char *const *patterns;
	size_t pattern_count;
	const char *const *filters; /* patterns that must be satisfied besides */
	size_t filter_count;
	const char *const *groups; /* any of them */
	size_t group_count;
	bool all;
	/* What is selected is shuffled, then cut into shards, then repeated. */
	bool shuffle; /* by `seed`, on every host in the same way */
	uint32_t seed;
	unsigned int shard, shards; /* take the shard-th (from 1) of so many; 0 of 0 is all */
	unsigned int repeat; /* how often the whole list runs, one round after another; 0 is 1 */
};

/*
 * Select from the tests, in the order given. Returns 0; -EINVAL with a message for two tests of
 * one name, a test without a name or with an empty list of .params, a pattern or group that is
 * empty or matches nothing, or if nothing is left to run; -ENOMEM. A shard may be empty: with
 * more shards than tests, some are. plan_finish() releases the plan in either case.
 */
int plan_init(struct plan *plan, const struct r0_test *const *tests, size_t count,
	      const struct plan_selection *selection, struct error *error);
void plan_finish(struct plan *plan);

#endif /* PLAN_PLAN_H */

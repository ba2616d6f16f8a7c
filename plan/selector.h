/* SPDX-License-Identifier: MIT */
/* Which cases a selection takes. Pure: depends on libc only. */
#ifndef PLAN_SELECTOR_H
#define PLAN_SELECTOR_H

#include "plan/entries.h"
#include "plan/plan.h"

struct pattern;

struct selector {
	const struct plan_selection *selection; /* not owned */
	struct entries entries;
	struct pattern *patterns; /* the filters after the patterns proper */
	size_t pattern_count;
	size_t included[2]; /* number of patterns, and of filters, that don't exclude */
};

/*
 * Read the tests, and the selection's patterns and groups. Returns 0; -EINVAL with a message for what can't
 * be, as plan_init() has it; -ENOMEM. selector_finish() is due in either case.
 */
int selector_init(struct selector *selector, const struct plan_selection *selection,
		  const struct r0_test *const *tests, size_t count, struct error *error);
void selector_finish(struct selector *selector);

/* Decide on one case, and note which patterns matched. */
bool selector_takes(struct selector *selector, const struct entry *entry, size_t param);

/* After all cases: 0, or -EINVAL with a message for a pattern that matched none that it may. */
int selector_check(const struct selector *selector, struct error *error);

#endif /* PLAN_SELECTOR_H */

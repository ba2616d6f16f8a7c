/* SPDX-License-Identifier: MIT */
/* A program's tests as the plan sees them: by name, with their cases and groups. Pure. */
#ifndef PLAN_ENTRIES_H
#define PLAN_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <ring0/test.h>
#include "base/error.h"

/* A test and its full name, without an index. */
struct entry {
	const struct r0_test *test;
	char *name;
	size_t position; /* among the tests given */
};

struct entries {
	struct entry *items;
	size_t count;
};

/*
 * Take the tests in the order given. Returns 0; -EINVAL with a message for two tests or two elements of
 * one name, a test without a name, or .params without elements; -ENOMEM. entries_finish() is due in
 * either case.
 */
int entries_read(struct entries *entries, const struct r0_test *const *tests, size_t count,
		 struct error *error);
void entries_finish(struct entries *entries);

/* Whether it has .params, and how many cases it has. */
bool entry_has_params(const struct r0_test *test);
size_t entry_case_count(const struct r0_test *test);

/* The name of an element, or NULL if it has none. */
const char *entry_param_name(const struct r0_test *test, size_t param);

/* Whether its list of groups, which commas separate, holds that one. */
bool entry_in_group(const struct r0_test *test, const char *group);

#endif /* PLAN_ENTRIES_H */

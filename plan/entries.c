/* SPDX-License-Identifier: MIT */
/* Tests with their full names, and that no two have the same. */
#include "plan/entries.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool entry_has_params(const struct r0_test *test)
{
	return test->options.params.elements || test->options.params.count;
}

size_t entry_case_count(const struct r0_test *test)
{
	return entry_has_params(test) ? test->options.params.count : 1;
}

/* Whether a comma-separated list of groups holds that one. */
bool entry_in_group(const struct r0_test *test, const char *group)
{
	const char *list = test->options.groups;
	size_t length = strlen(group);

	while (list && *list) {
		size_t item;

		list += strspn(list, ", \t");
		item = strcspn(list, ", \t");
		if (item && item == length && !memcmp(list, group, length))
			return true;
		list += item;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	if (order)
		return order;
	return left->position < right->position ? -1 : left->position > right->position;
}

static int check_duplicates(const struct entry *entries, size_t count, struct error *error)
{
	struct entry *sorted;
	size_t i;
	int err = 0;

	if (count < 2)
		return 0;
	sorted = malloc(count * sizeof(*sorted));
	if (!sorted)
		return error_set(error, ENOMEM, "out of memory for %zu tests", count);
	memcpy(sorted, entries, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (i = 1; i < count && !err; i++) {
		const struct r0_test *first = sorted[i - 1].test, *second = sorted[i].test;

		if (strcmp(sorted[i - 1].name, sorted[i].name))
			continue;
		err = error_set(error, EINVAL,
				"two tests are named %s: %s:%d and %s:%d; rename one of them",
				sorted[i].name, first->file ? first->file : "?", first->line,
				second->file ? second->file : "?", second->line);
	}
	free(sorted);
	return err;
}

/* The name of an element, or NULL if it has none. */
const char *entry_param_name(const struct r0_test *test, size_t param)
{
	const struct r0_params *params = &test->options.params;
	const char *name;

	if (!params->names)
		return NULL;
	name = *(const char *const *)((const char *)params->names + param * params->size);
	return name && name[0] ? name : NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_param_names(const struct r0_test *test, struct error *error)
{
	const size_t elements = test->options.params.names ? test->options.params.count : 0;
	const char **sorted;
	size_t count = 0, i;
	int err = 0;

	if (!elements)
		return 0;
	sorted = calloc(elements, sizeof(*sorted));
	if (!sorted)
		return error_set(error, ENOMEM, "out of memory for %zu cases", elements);
	for (i = 0; i < elements; i++)
		if (entry_param_name(test, i))
			sorted[count++] = entry_param_name(test, i);
	qsort(sorted, count, sizeof(*sorted), by_text);
	for (i = 1; i < count && !err; i++)
		if (!strcmp(sorted[i - 1], sorted[i]))
			err = error_set(error, EINVAL,
					"two cases of %s.%s (%s:%d) are named \"%s\"", test->suite,
					test->name, test->file ? test->file : "?", test->line,
					sorted[i]);
	free(sorted);
	return err;
}

int entries_read(struct entries *entries, const struct r0_test *const *tests, size_t count,
		 struct error *error)
{
	size_t i;
	int err;

	*entries = (struct entries){ calloc(count ? count : 1, sizeof(*entries->items)), 0 };
	if (!entries->items)
		return error_set(error, ENOMEM, "out of memory for %zu tests", count);
	for (i = 0; i < count; i++) {
		const struct r0_test *test = tests[i];
		struct entry *entry = &entries->items[i];

		if (!test->suite || !test->name)
			return error_set(error, EINVAL, "the test at %s:%d has no name",
					 test->file ? test->file : "?", test->line);
		if (entry_has_params(test) &&
		    (!test->options.params.elements || !test->options.params.count))
			return error_set(error, EINVAL,
					 "%s.%s (%s:%d) has .params without elements: it would "
					 "never run",
					 test->suite, test->name, test->file ? test->file : "?",
					 test->line);
		err = check_param_names(test, error);
		if (err)
			return err;
		entry->test = test;
		entry->position = i;
		/* Names of others are no suite's. */
		if (asprintf(&entry->name, "%s%s%s", test->suite, test->suite[0] ? "." : "",
			     test->name) < 0) {
			entry->name = NULL;
			return error_set(error, ENOMEM, "out of memory for %zu tests", count);
		}
		entries->count++;
	}
	return check_duplicates(entries->items, count, error);
}

void entries_finish(struct entries *entries)
{
	size_t i;

	for (i = 0; i < entries->count; i++)
		free(entries->items[i].name);
	free(entries->items);
}

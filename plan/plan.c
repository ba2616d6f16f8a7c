/* SPDX-License-Identifier: MIT */
/*
 * Which cases of which tests are to run, in order. Pure: depends on libc only.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"

#define NODEFAULT "nodefault"

/* A test and its full name, without an index. */
struct entry {
	const struct r0_test *test;
	char *name;
	size_t position; /* among the tests given */
};

/* A pattern taken apart. */
struct pattern {
	const char *text; /* as the user wrote it */
	const char *glob; /* without the "-" */
	bool exclude;
	bool filter;
	char *stem;	 /* the glob without its index, or NULL if it ends in none */
	char *index;	 /* the glob over the index */
	bool index_only; /* "[…]" is an index for sure, no set of characters */
	bool matched;	 /* some case */
	bool permitted;	 /* some case that nodefault does not hold back */
};

struct selector {
	const struct plan_selection *selection;
	struct entry *entries;
	size_t count;
	struct pattern *patterns; /* the filters after the patterns proper */
	size_t pattern_count;
	size_t included[2]; /* number of patterns, and of filters, that don't exclude */
};

static bool has_params(const struct r0_test *test)
{
	return test->options.params.elements || test->options.params.count;
}

static size_t case_count(const struct r0_test *test)
{
	return has_params(test) ? test->options.params.count : 1;
}

/* Whether a comma-separated list of groups holds that one. */
static bool in_group(const struct r0_test *test, const char *group)
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
static const char *param_name(const struct r0_test *test, size_t param)
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
		if (param_name(test, i))
			sorted[count++] = param_name(test, i);
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

static int read_tests(struct selector *selector, const struct r0_test *const *tests, size_t count,
		      struct error *error)
{
	size_t i;
	int err;

	selector->entries = calloc(count ? count : 1, sizeof(*selector->entries));
	if (!selector->entries)
		return error_set(error, ENOMEM, "out of memory for %zu tests", count);
	for (i = 0; i < count; i++) {
		const struct r0_test *test = tests[i];
		struct entry *entry = &selector->entries[i];

		if (!test->suite || !test->name)
			return error_set(error, EINVAL, "the test at %s:%d has no name",
					 test->file ? test->file : "?", test->line);
		if (has_params(test) &&
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
		if (asprintf(&entry->name, "%s.%s", test->suite, test->name) < 0) {
			entry->name = NULL;
			return error_set(error, ENOMEM, "out of memory for %zu tests", count);
		}
		selector->count++;
	}
	return check_duplicates(selector->entries, count, error);
}

static int read_pattern(struct selector *selector, struct pattern *pattern, const char *text,
			struct error *error)
{
	const char *bracket;
	size_t length, i;

	pattern->text = text;
	pattern->exclude = text[0] == '-';
	pattern->glob = text + pattern->exclude;
	length = strlen(pattern->glob);
	if (!length)
		return error_set(error, EINVAL, "%s: write a glob over suite.name%s",
				 pattern->exclude ? "the pattern \"-\" excludes nothing" :
						    "a pattern is empty",
				 pattern->exclude ? " after the \"-\"" : "");
	if (!pattern->exclude)
		selector->included[pattern->filter]++;

	bracket = strrchr(pattern->glob, '[');
	if (pattern->glob[length - 1] != ']' || !bracket || bracket == pattern->glob)
		return 0;
	pattern->stem = strndup(pattern->glob, (size_t)(bracket - pattern->glob));
	pattern->index = strndup(bracket + 1, strlen(bracket) - 2);
	if (!pattern->stem || !pattern->index)
		return error_set(error, ENOMEM, "out of memory for the patterns");
	for (i = 0; i < selector->count; i++) {
		const struct entry *entry = &selector->entries[i];

		if (has_params(entry->test) && !strcmp(entry->name, pattern->stem))
			pattern->index_only = true;
	}
	return 0;
}

static int read_patterns(struct selector *selector, struct error *error)
{
	const struct plan_selection *selection = selector->selection;
	size_t count = selection->pattern_count + selection->filter_count, i;
	int err = 0;

	selector->patterns = calloc(count + 1, sizeof(*selector->patterns));
	if (!selector->patterns)
		return error_set(error, ENOMEM, "out of memory for the patterns");
	selector->pattern_count = count;
	for (i = 0; i < count && !err; i++) {
		bool filter = i >= selection->pattern_count;

		selector->patterns[i].filter = filter;
		err = read_pattern(selector, &selector->patterns[i],
				   filter ? selection->filters[i - selection->pattern_count] :
					    selection->patterns[i],
				   error);
	}
	return err;
}

static bool matches_index(const struct pattern *pattern, const struct entry *entry, size_t param)
{
	const char *name;
	char number[24];

	if (!pattern->stem || !has_params(entry->test))
		return false;
	snprintf(number, sizeof(number), "%zu", param);
	name = param_name(entry->test, param);
	return !fnmatch(pattern->index, number, 0) || (name && !fnmatch(pattern->index, name, 0));
}

static bool matches(const struct pattern *pattern, const struct entry *entry, size_t param)
{
	if (matches_index(pattern, entry, param) && !fnmatch(pattern->stem, entry->name, 0))
		return true;
	return !pattern->index_only && !fnmatch(pattern->glob, entry->name, 0);
}

/* Whether the pattern gives the test's exact name, as nodefault wants it. */
static bool names(const struct pattern *pattern, const struct entry *entry, size_t param)
{
	if (!strcmp(pattern->glob, entry->name))
		return true;
	return matches_index(pattern, entry, param) && !strcmp(pattern->stem, entry->name);
}

static bool is_asked_for(const struct selector *selector, const struct entry *entry, size_t param)
{
	const struct plan_selection *selection = selector->selection;
	size_t i;

	if (selection->all || !in_group(entry->test, NODEFAULT))
		return true;
	for (i = 0; i < selection->group_count; i++)
		if (strcmp(selection->groups[i], NODEFAULT) &&
		    in_group(entry->test, selection->groups[i]))
			return true;
	for (i = 0; i < selector->pattern_count; i++)
		if (!selector->patterns[i].exclude && names(&selector->patterns[i], entry, param))
			return true;
	return false;
}

/* Decide on one case, and note which patterns matched. */
static bool is_selected(struct selector *selector, const struct entry *entry, size_t param)
{
	const struct plan_selection *selection = selector->selection;
	bool asked_for = is_asked_for(selector, entry, param);
	bool selected[2] = { !selector->included[0], !selector->included[1] };
	bool excluded = false;
	bool grouped = !selection->group_count;
	size_t i;

	for (i = 0; i < selector->pattern_count; i++) {
		struct pattern *pattern = &selector->patterns[i];

		if (!matches(pattern, entry, param))
			continue;
		pattern->matched = true;
		pattern->permitted |= asked_for;
		if (pattern->exclude)
			excluded = true;
		else
			selected[pattern->filter] = true;
	}
	for (i = 0; i < selection->group_count; i++)
		grouped |= in_group(entry->test, selection->groups[i]);
	return selected[0] && selected[1] && !excluded && grouped && asked_for;
}

/* What the user may have meant by a pattern that matches nothing, into buffer; "" if unknown. */
static void suggest(const struct selector *selector, const struct pattern *pattern, char *buffer,
		    size_t size)
{
	const char *dash = pattern->exclude ? "-" : "";
	size_t i;

	buffer[0] = '\0';
	for (i = 0; i < selector->count; i++) {
		const struct entry *entry = &selector->entries[i];

		if (pattern->index_only && !strcmp(entry->name, pattern->stem)) {
			snprintf(buffer, size, "; the cases of %s are [0] to [%zu]", entry->name,
				 case_count(entry->test) - 1);
			return;
		}
		if (!strcmp(entry->test->suite, pattern->glob)) {
			snprintf(buffer, size, "; did you mean \"%s%s.*\"?", dash, pattern->glob);
			return;
		}
	}
	for (i = 0; i < selector->count; i++) {
		const struct entry *entry = &selector->entries[i];

		if (!strcmp(entry->test->name, pattern->glob) ||
		    text_is_near(pattern->glob, entry->name)) {
			snprintf(buffer, size, "; did you mean \"%s%s\"?", dash, entry->name);
			return;
		}
	}
	for (i = 0; i < selector->count; i++) {
		if (strstr(selector->entries[i].name, pattern->glob)) {
			snprintf(buffer, size, "; did you mean \"%s*%s*\"?", dash, pattern->glob);
			return;
		}
	}
}

static int check_patterns(const struct selector *selector, struct error *error)
{
	size_t i;

	for (i = 0; i < selector->pattern_count; i++) {
		const struct pattern *pattern = &selector->patterns[i];
		char suggestion[160];

		/* What excludes may be there for other programs, or other builds of this one. */
		if (!pattern->matched && pattern->exclude)
			continue;
		if (!pattern->matched) {
			suggest(selector, pattern, suggestion, sizeof(suggestion));
			return error_set(error, EINVAL, "the pattern \"%.200s\" matches no test%s",
					 pattern->text,
					 suggestion[0] ? suggestion : "; --list shows them");
		}
		if (!pattern->exclude && !pattern->permitted)
			return error_set(
				error, EINVAL,
				"the pattern \"%.200s\" matches only nodefault tests: give "
				"one's exact name, another of its groups, or --all",
				pattern->text);
	}
	return 0;
}

/* The group of some test that the user may have meant, into buffer; "" if there is none. */
static void suggest_group(const struct selector *selector, const char *group, char *buffer,
			  size_t size)
{
	size_t i;

	buffer[0] = '\0';
	for (i = 0; i < selector->count; i++) {
		const char *list = selector->entries[i].test->options.groups;

		while (list && *list) {
			char word[64];
			size_t length, kept;

			list += strspn(list, ", \t");
			length = strcspn(list, ", \t");
			kept = length < sizeof(word) ? length : sizeof(word) - 1;
			memcpy(word, list, kept);
			word[kept] = '\0';
			if (length && text_is_near(group, word)) {
				snprintf(buffer, size, "; did you mean \"%s\"?", word);
				return;
			}
			list += length;
		}
	}
}

static int check_groups(const struct selector *selector, struct error *error)
{
	const struct plan_selection *selection = selector->selection;
	size_t i, j;

	for (i = 0; i < selection->group_count; i++) {
		const char *group = selection->groups[i];
		char suggestion[100];
		bool found = false;

		if (!group[0])
			return error_set(error, EINVAL, "the name of a group is empty");
		for (j = 0; j < selector->count && !found; j++)
			found = in_group(selector->entries[j].test, group);
		if (found)
			continue;
		suggest_group(selector, group, suggestion, sizeof(suggestion));
		return error_set(error, EINVAL, "no test is in the group \"%.200s\"%s", group,
				 suggestion[0] ? suggestion : "; --list --verbose shows them");
	}
	return 0;
}

static int add_case(struct plan *plan, size_t *capacity, const struct entry *entry, size_t param,
		    struct error *error)
{
	struct plan_case *c;
	int length;

	if (plan->count == *capacity) {
		size_t larger = *capacity ? *capacity * 2 : 64;

		c = reallocarray(plan->cases, larger, sizeof(*c));
		if (!c)
			return error_set(error, ENOMEM, "out of memory for %zu cases", larger);
		plan->cases = c;
		*capacity = larger;
	}
	c = &plan->cases[plan->count];
	c->test = entry->test;
	c->param = param;
	if (has_params(entry->test) && param_name(entry->test, param))
		length = asprintf(&c->name, "%s[%s]", entry->name, param_name(entry->test, param));
	else if (has_params(entry->test))
		length = asprintf(&c->name, "%s[%zu]", entry->name, param);
	else
		length = asprintf(&c->name, "%s", entry->name);
	if (length < 0)
		return error_set(error, ENOMEM, "out of memory for %zu cases", plan->count);
	plan->once = ++plan->count;
	return 0;
}

/* Steele, Lea and Flood's SplitMix64: small, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Fisher and Yates. */
static void shuffle(struct plan *plan, uint32_t seed)
{
	uint64_t state = seed;
	size_t i;

	plan->shuffled = true;
	plan->seed = seed;
	for (i = plan->count; i > 1; i--) {
		size_t other = (size_t)(next_random(&state) % i);
		struct plan_case c = plan->cases[i - 1];

		plan->cases[i - 1] = plan->cases[other];
		plan->cases[other] = c;
	}
}

/* Every shards-th case: neighbours, which are alike in length, come to different shards. */
static void take_shard(struct plan *plan, unsigned int shard, unsigned int shards)
{
	size_t kept = 0, i;

	plan->shard = shard;
	plan->shards = shards;
	for (i = 0; i < plan->count; i++) {
		if (i % shards == shard - 1)
			plan->cases[kept++] = plan->cases[i];
		else
			free(plan->cases[i].name);
	}
	plan->count = plan->once = kept;
}

static int repeat(struct plan *plan, unsigned int times, struct error *error)
{
	struct plan_case *cases;
	size_t total, i;

	if (times < 2 || !plan->count)
		return 0;
	if (__builtin_mul_overflow(plan->once, times, &total) ||
	    !(cases = reallocarray(plan->cases, total, sizeof(*cases))))
		return error_set(error, ENOMEM, "out of memory for %zu cases %u times over",
				 plan->once, times);
	plan->cases = cases;
	for (i = plan->once; i < total; i++)
		cases[i] = cases[i - plan->once];
	plan->count = total;
	return 0;
}

static int check_count(const struct selector *selector, const struct plan *plan,
		       struct error *error)
{
	const struct plan_selection *selection = selector->selection;

	if (plan->count)
		return 0;
	if (!selector->count)
		return error_set(error, EINVAL, "there are no tests to select from");
	if (!selector->pattern_count && !selection->group_count)
		return error_set(error, EINVAL,
				 "nothing selected: every test is nodefault; give one's exact "
				 "name, another of its groups, or --all");
	return error_set(error, EINVAL,
			 "nothing selected: no test is left by these patterns and groups "
			 "together; a nodefault test needs its exact name, another of its groups, "
			 "or --all");
}

static int select_cases(struct plan *plan, struct selector *selector, struct error *error)
{
	size_t capacity = 0;
	size_t i, param;
	int err;

	for (i = 0; i < selector->count; i++) {
		const struct entry *entry = &selector->entries[i];

		for (param = 0; param < case_count(entry->test); param++) {
			if (!is_selected(selector, entry, param))
				continue;
			err = add_case(plan, &capacity, entry, param, error);
			if (err)
				return err;
		}
	}
	return 0;
}

int plan_init(struct plan *plan, const struct r0_test *const *tests, size_t count,
	      const struct plan_selection *selection, struct error *error)
{
	struct selector selector = { .selection = selection };
	size_t i;
	int err;

	memset(plan, 0, sizeof(*plan));
	plan->registered = count;
	err = read_tests(&selector, tests, count, error);
	if (!err)
		err = read_patterns(&selector, error);
	if (!err)
		err = check_groups(&selector, error);
	if (!err)
		err = select_cases(plan, &selector, error);
	if (!err)
		err = check_patterns(&selector, error);
	if (!err)
		err = check_count(&selector, plan, error);
	if (!err && selection->shuffle)
		shuffle(plan, selection->seed);
	if (!err && selection->shards)
		take_shard(plan, selection->shard, selection->shards);
	if (!err)
		err = repeat(plan, selection->repeat, error);

	for (i = 0; i < selector.pattern_count; i++) {
		free(selector.patterns[i].stem);
		free(selector.patterns[i].index);
	}
	free(selector.patterns);
	for (i = 0; i < selector.count; i++)
		free(selector.entries[i].name);
	free(selector.entries);
	return err;
}

void plan_finish(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->once; i++)
		free(plan->cases[i].name);
	free(plan->cases);
	memset(plan, 0, sizeof(*plan));
}

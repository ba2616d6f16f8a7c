/* SPDX-License-Identifier: MIT */
/* Patterns and groups, and what may have been meant by those that match nothing. */
#include "plan/selector.h"
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define NODEFAULT "nodefault"

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
	for (i = 0; i < selector->entries.count; i++) {
		const struct entry *entry = &selector->entries.items[i];

		if (entry_has_params(entry->test) && !strcmp(entry->name, pattern->stem))
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

	if (!pattern->stem || !entry_has_params(entry->test))
		return false;
	snprintf(number, sizeof(number), "%zu", param);
	name = entry_param_name(entry->test, param);
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

	if (selection->all || !entry_in_group(entry->test, NODEFAULT))
		return true;
	for (i = 0; i < selection->group_count; i++)
		if (strcmp(selection->groups[i], NODEFAULT) &&
		    entry_in_group(entry->test, selection->groups[i]))
			return true;
	for (i = 0; i < selector->pattern_count; i++)
		if (!selector->patterns[i].exclude && names(&selector->patterns[i], entry, param))
			return true;
	return false;
}

bool selector_takes(struct selector *selector, const struct entry *entry, size_t param)
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
		grouped |= entry_in_group(entry->test, selection->groups[i]);
	return selected[0] && selected[1] && !excluded && grouped && asked_for;
}

/* What the user may have meant by a pattern that matches nothing, into buffer; "" if unknown. */
static void suggest(const struct selector *selector, const struct pattern *pattern, char *buffer,
		    size_t size)
{
	const char *dash = pattern->exclude ? "-" : "";
	size_t i;

	buffer[0] = '\0';
	for (i = 0; i < selector->entries.count; i++) {
		const struct entry *entry = &selector->entries.items[i];

		if (pattern->index_only && !strcmp(entry->name, pattern->stem)) {
			snprintf(buffer, size, "; the cases of %s are [0] to [%zu]", entry->name,
				 entry_case_count(entry->test) - 1);
			return;
		}
		if (!strcmp(entry->test->suite, pattern->glob)) {
			snprintf(buffer, size, "; did you mean \"%s%s.*\"?", dash, pattern->glob);
			return;
		}
	}
	for (i = 0; i < selector->entries.count; i++) {
		const struct entry *entry = &selector->entries.items[i];

		if (!strcmp(entry->test->name, pattern->glob) ||
		    text_is_near(pattern->glob, entry->name)) {
			snprintf(buffer, size, "; did you mean \"%s%s\"?", dash, entry->name);
			return;
		}
	}
	for (i = 0; i < selector->entries.count; i++) {
		if (strstr(selector->entries.items[i].name, pattern->glob)) {
			snprintf(buffer, size, "; did you mean \"%s*%s*\"?", dash, pattern->glob);
			return;
		}
	}
}

int selector_check(const struct selector *selector, struct error *error)
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
	for (i = 0; i < selector->entries.count; i++) {
		const char *list = selector->entries.items[i].test->options.groups;

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
		for (j = 0; j < selector->entries.count && !found; j++)
			found = entry_in_group(selector->entries.items[j].test, group);
		if (found)
			continue;
		suggest_group(selector, group, suggestion, sizeof(suggestion));
		return error_set(error, EINVAL, "no test is in the group \"%.200s\"%s", group,
				 suggestion[0] ? suggestion : "; --list --verbose shows them");
	}
	return 0;
}

int selector_init(struct selector *selector, const struct plan_selection *selection,
		  const struct r0_test *const *tests, size_t count, struct error *error)
{
	int err;

	*selector = (struct selector){ .selection = selection };
	err = entries_read(&selector->entries, tests, count, error);
	if (!err)
		err = read_patterns(selector, error);
	return err ? err : check_groups(selector, error);
}

void selector_finish(struct selector *selector)
{
	size_t i;

	for (i = 0; i < selector->pattern_count; i++) {
		free(selector->patterns[i].stem);
		free(selector->patterns[i].index);
	}
	free(selector->patterns);
	entries_finish(&selector->entries);
}

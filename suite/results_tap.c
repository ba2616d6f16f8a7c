/* SPDX-License-Identifier: MIT */
/*
 * TAP 13 and 14 (https://testanything.org/tap-version-14-specification.html) and KTAP 1
 * (Documentation/dev-tools/ktap.rst). A subtest's results have its name in front; what the line after it says of it as
 * a whole is a result only if it does not follow from them. Depends on results_own.h.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "suite/results_own.h"

/* Subtests are indented, by two blanks in KTAP and four in TAP. */
static size_t depth_of(const struct suite_results *results, size_t blanks)
{
	size_t depth = blanks / (results->is_ktap ? 2 : 4);

	return depth < SUITE_TAP_DEPTH ? depth : SUITE_TAP_DEPTH - 1;
}

static bool take_version(struct suite_results *results, const char *text)
{
	bool is_ktap = suite_results_after(text, "KTAP version ");

	results->is_ktap |= is_ktap;
	return is_ktap || suite_results_after(text, "TAP version ");
}

/* "1..N": the rest of the line, or NULL. */
static const char *take_plan(const char *text, size_t *count)
{
	const char *rest = suite_results_after(text, "1..");

	if (!rest || !suite_results_number(&rest, count))
		return NULL;
	rest += strspn(rest, " \t");
	return *rest == '\0' || *rest == '#' ? rest : NULL;
}

/* KTAP says it where the subtest's results are, TAP where the one is that they are for. */
static void open_subtest(struct suite_results *results, size_t depth, const char *name)
{
	struct suite_tap_level *level;

	if (!results->is_ktap && depth < SUITE_TAP_DEPTH - 1)
		depth++;
	level = &results->levels[depth];
	*level = (struct suite_tap_level){ .has_plan = false };
	snprintf(level->name, sizeof(level->name), "%.255s", name);
}

static void put_plan(struct suite_results *results, size_t depth, size_t count, const char *rest)
{
	struct suite_tap_level *level = &results->levels[depth];

	level->has_plan = true;
	level->expected = count;
	rest += strspn(rest, "# \t");
	if (depth || count || strncasecmp(rest, "skip", 4))
		return;
	results->is_skipped = true;
	rest += strcspn(rest, " \t");
	suite_results_set_reason(results, rest + strspn(rest, " \t"));
}

/* A result's line: what follows "ok" or "not ok". */
struct point {
	bool is_ok;
	char name[SUITE_LINE_MAX];
	char directive[16];
	char reason[SUITE_LINE_MAX];
};

/* The # that begins a directive: not escaped. */
static const char *find_directive(const char *text)
{
	const char *hash = text;

	while ((hash = strchr(hash, '#')) != NULL) {
		if (hash == text || hash[-1] != '\\')
			return hash;
		hash++;
	}
	return NULL;
}

static void copy_name(char *name, const char *text, size_t length)
{
	size_t used = 0, i;

	/* TAP 14, "Escaping". */
	for (i = 0; i < length; i++) {
		if (text[i] == '\\' && i + 1 < length &&
		    (text[i + 1] == '#' || text[i + 1] == '\\'))
			i++;
		name[used++] = text[i];
	}
	while (used && (name[used - 1] == ' ' || name[used - 1] == '\t'))
		used--;
	name[used] = '\0';
}

static bool read_point(struct point *point, const char *text)
{
	const char *rest = suite_results_after(text, "ok"), *hash;
	size_t number = 0, length;

	point->is_ok = rest;
	if (!rest)
		rest = suite_results_after(text, "not ok");
	if (!rest || (*rest && *rest != ' ' && *rest != '\t'))
		return false;
	rest += strspn(rest, " \t");
	if (suite_results_number(&rest, &number))
		rest += strspn(rest, " \t");
	if (rest[0] == '-' && (rest[1] == ' ' || rest[1] == '\t'))
		rest += 1 + strspn(rest + 1, " \t");
	hash = find_directive(rest);
	copy_name(point->name, rest, hash ? (size_t)(hash - rest) : strlen(rest));
	point->directive[0] = point->reason[0] = '\0';
	if (hash) {
		hash += 1 + strspn(hash + 1, " \t");
		length = strcspn(hash, " \t:");
		snprintf(point->directive, sizeof(point->directive), "%.*s",
			 length < 15 ? (int)length : 15, hash);
		hash += length;
		snprintf(point->reason, sizeof(point->reason), "%s", hash + strspn(hash, " \t:"));
	}
	if (!point->name[0])
		snprintf(point->name, sizeof(point->name), "(result %zu)", number);
	return true;
}

static enum r0_verdict verdict_of_point(const struct point *point)
{
	if (!strncasecmp(point->directive, "skip", 4))
		return R0_VERDICT_SKIP;
	if (!strcasecmp(point->directive, "todo"))
		return point->is_ok ? R0_VERDICT_XPASS : R0_VERDICT_XFAIL;
	if (!strcasecmp(point->directive, "xfail"))
		return R0_VERDICT_XFAIL;
	if (point->is_ok)
		return R0_VERDICT_PASS;
	if (!strcasecmp(point->directive, "timeout"))
		return R0_VERDICT_TIMEOUT;
	return strcasecmp(point->directive, "error") ? R0_VERDICT_FAIL : R0_VERDICT_ERROR;
}

/* The name with those of the subtests that it is in. */
static void put_point(struct suite_results *results, size_t depth, const struct point *point,
		      uint64_t now_ns)
{
	enum r0_verdict verdict = verdict_of_point(point);
	char name[SUITE_LINE_MAX] = "";
	size_t length = 0, i;

	for (i = 1; i <= depth && length < sizeof(name); i++)
		if (results->levels[i].name[0])
			length += (size_t)snprintf(name + length, sizeof(name) - length, "%s.",
						   results->levels[i].name);
	if (length < sizeof(name))
		snprintf(name + length, sizeof(name) - length, "%s", point->name);
	suite_results_put(results, verdict, name,
			  point->reason[0]	     ? point->reason :
			  verdict == R0_VERDICT_FAIL ? "the guest says not ok" :
						       NULL,
			  now_ns);
}

static void take_point(struct suite_results *results, size_t depth, const struct point *point,
		       uint64_t now_ns)
{
	struct suite_tap_level *level = &results->levels[depth];
	bool has_failed = !point->is_ok;
	size_t i;

	/* Said already, by its subtests. */
	if (!level->has_subtests || (has_failed && !level->has_failed))
		put_point(results, depth, point, now_ns);
	level->count++;
	level->has_subtests = level->has_failed = false;
	for (i = depth + 1; i < SUITE_TAP_DEPTH; i++)
		results->levels[i] = (struct suite_tap_level){ .has_plan = false };
	for (i = 0; i < depth; i++) {
		results->levels[i].has_subtests = true;
		results->levels[i].has_failed |= has_failed;
	}
}

/* What is known of a result as YAML (TAP 14, "YAML diagnostics"): from --- to ... Whether this is of it. */
static bool take_block(struct suite_results *results, const char *text, size_t blanks)
{
	if (results->is_in_block)
		results->is_in_block = strcmp(text, "...") != 0;
	else if (results->is_after_point && blanks && !strcmp(text, "---"))
		results->is_in_block = true;
	else
		return false;
	return true;
}

static void take_line(struct suite_results *results, size_t depth, const char *text,
		      uint64_t now_ns)
{
	const char *rest = suite_results_after(text, "# Subtest: ");
	struct point point;

	results->is_after_point = false;
	if (rest) {
		open_subtest(results, depth, rest);
	} else if (read_point(&point, text)) {
		take_point(results, depth, &point, now_ns);
		results->is_after_point = true;
	} else if ((rest = suite_results_after(text, "Bail out!"))) {
		results->has_aborted = true;
		suite_results_set_reason(results, rest + strspn(rest, " \t"));
	}
}

bool results_tap_line(struct suite_results *results, const char *line, uint64_t now_ns)
{
	size_t blanks = strspn(line, " "), count;
	const char *text = line + blanks, *rest;

	if (take_block(results, text, blanks) || take_version(results, text))
		return true;
	rest = take_plan(text, &count);
	if (rest)
		put_plan(results, depth_of(results, blanks), count, rest);
	else if (results->protocol == SUITE_PROTOCOL_TAP)
		take_line(results, depth_of(results, blanks), text, now_ns);
	return rest || results->protocol == SUITE_PROTOCOL_TAP;
}

void results_tap_end(struct suite_results *results)
{
	const struct suite_tap_level *top = &results->levels[0];

	if (results->protocol != SUITE_PROTOCOL_TAP)
		return;
	results->has_expected = top->has_plan;
	results->expected = top->expected;
	results->has_ended = top->has_plan && top->count >= top->expected;
}

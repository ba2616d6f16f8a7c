/* SPDX-License-Identifier: MIT */
/* Unit tests of plan/plan.c: what is selected, in which order, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan/plan.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const int three[] = { 1, 2, 3 };

static const struct r0_test io_inw = { .suite = "io", .name = "inw", .file = "io.c", .line = 3 };
static const struct r0_test io_outb = { .suite = "io",
					.name = "outb",
					.file = "io.c",
					.line = 9,
					.options = { .groups = "slow" } };
static const struct r0_test mm_map = { .suite = "mm",
				       .name = "map",
				       .options = { .params = R0_PARAMS(three),
						    .groups = "slow,mm" } };
static const struct r0_test mm_wipe = { .suite = "mm",
					.name = "wipe",
					.options = { .groups = "nodefault, destructive" } };
static const struct r0_test mm_burn = {
	.suite = "mm",
	.name = "burn",
	.options = { .groups = "nodefault", .params = R0_PARAMS(three) },
};
static const struct r0_test io_map3 = { .suite = "mm", .name = "map3" };

static const struct r0_test *const tests[] = {
	&io_outb, &io_inw, &mm_map, &mm_wipe, &mm_burn, &io_map3,
};

/* Up to three patterns and two groups, and the names expected, or what the error must say. */
static const struct row {
	const char *patterns[3];
	const char *groups[2];
	const char *filters[2];
	bool all;
	unsigned int repeat;
	unsigned int shard, shards;
	const char *names;
	const char *message;
} rows[] = {
	/* link order, nodefault left out */
	{ .names = "io.outb io.inw mm.map[0] mm.map[1] mm.map[2] mm.map3" },
	{ .all = true,
	  .names = "io.outb io.inw mm.map[0] mm.map[1] mm.map[2] mm.wipe mm.burn[0] mm.burn[1] "
		   "mm.burn[2] mm.map3" },
	/* globs, and the order of the program whatever that of the patterns */
	{ .patterns = { "io.*" }, .names = "io.outb io.inw" },
	{ .patterns = { "io.inw", "io.outb" }, .names = "io.outb io.inw" },
	{ .patterns = { "*.[io]*" }, .names = "io.outb io.inw" },
	{ .patterns = { "io.in?" }, .names = "io.inw" },
	{ .patterns = { "io.*", "io.inw" }, .names = "io.outb io.inw" },
	/* exclusion, alone and beside others, in any order */
	{ .patterns = { "-mm.*" }, .names = "io.outb io.inw" },
	{ .patterns = { "-io.outb", "io.*" }, .names = "io.inw" },
	{ .patterns = { "mm.map", "-mm.map[1]" }, .names = "mm.map[0] mm.map[2]" },
	{ .patterns = { "-mm.wipe", "io.inw" }, .names = "io.inw" },
	/* cases */
	{ .patterns = { "mm.map" }, .names = "mm.map[0] mm.map[1] mm.map[2]" },
	{ .patterns = { "mm.map[1]" }, .names = "mm.map[1]" },
	{ .patterns = { "mm.map[3]" }, .message = "the cases of mm.map are [0] to [2]" },
	{ .patterns = { "mm.map[*]" }, .names = "mm.map[0] mm.map[1] mm.map[2]" },
	{ .patterns = { "*.map[0]" }, .names = "mm.map[0]" },
	{ .patterns = { "*[2]" }, .names = "mm.map[2]" },
	{ .patterns = { "mm.ma[op]3" }, .names = "mm.map3" },
	{ .patterns = { "m*.map[2-4]" }, .names = "mm.map3" }, /* a set, not an index */
	/* nodefault: by exact name, by another group, by --all; never by a glob */
	{ .patterns = { "mm.wipe" }, .names = "mm.wipe" },
	{ .patterns = { "mm.burn" }, .names = "mm.burn[0] mm.burn[1] mm.burn[2]" },
	{ .patterns = { "mm.burn[1]" }, .names = "mm.burn[1]" },
	{ .patterns = { "mm.*" }, .names = "mm.map[0] mm.map[1] mm.map[2] mm.map3" },
	{ .patterns = { "mm.*" },
	  .all = true,
	  .names = "mm.map[0] mm.map[1] mm.map[2] mm.wipe mm.burn[0] mm.burn[1] mm.burn[2] "
		   "mm.map3" },
	{ .patterns = { "*.wip?" }, .message = "matches only nodefault tests" },
	{ .groups = { "destructive" }, .names = "mm.wipe" },
	{ .groups = { "nodefault" }, .message = "nothing selected" },
	{ .groups = { "nodefault", "destructive" }, .names = "mm.wipe" },
	{ .groups = { "nodefault" },
	  .all = true,
	  .names = "mm.wipe mm.burn[0] mm.burn[1] mm.burn[2]" },
	/* groups */
	{ .groups = { "slow" }, .names = "io.outb mm.map[0] mm.map[1] mm.map[2]" },
	{ .groups = { "mm" }, .names = "mm.map[0] mm.map[1] mm.map[2]" },
	{ .groups = { "slow" }, .patterns = { "io.*" }, .names = "io.outb" },
	{ .groups = { "slow" }, .patterns = { "io.inw" }, .message = "nothing selected" },
	{ .groups = { "slo" },
	  .message = "no test is in the group \"slo\"; did you mean \"slow\"" },
	{ .groups = { "low,slow" }, .message = "no test is in the group" },
	{ .groups = { "" }, .message = "the name of a group is empty" },
	/* repetition, a round after another */
	{ .patterns = { "io.*" }, .repeat = 1, .names = "io.outb io.inw" },
	{ .patterns = { "io.*" },
	  .repeat = 3,
	  .names = "io.outb io.inw io.outb io.inw io.outb io.inw" },
	/* filters: both have to be satisfied */
	{ .filters = { "io.*" }, .names = "io.outb io.inw" },
	{ .patterns = { "io.*" }, .filters = { "*.inw", "mm.*" }, .names = "io.inw" },
	{ .patterns = { "io.*" }, .filters = { "-*.inw" }, .names = "io.outb" },
	{ .patterns = { "io.*" }, .filters = { "mm.*" }, .message = "nothing selected" },
	{ .filters = { "mm.wipe" }, .names = "mm.wipe" },
	{ .filters = { "io.inv" }, .message = "the pattern \"io.inv\" matches no test" },
	{ .filters = { "" }, .message = "a pattern is empty" },
	/* shards, before repetition; together they are all */
	{ .shard = 1, .shards = 1, .patterns = { "io.*" }, .names = "io.outb io.inw" },
	{ .shard = 1, .shards = 2, .names = "io.outb mm.map[0] mm.map[2]" },
	{ .shard = 2, .shards = 2, .names = "io.inw mm.map[1] mm.map3" },
	{ .shard = 2, .shards = 2, .repeat = 2, .patterns = { "io.*" }, .names = "io.inw io.inw" },
	{ .shard = 3, .shards = 3, .repeat = 2, .patterns = { "io.*" }, .names = "" },
	{ .shard = 2, .shards = 3, .patterns = { "io.x" }, .message = "matches no test" },
	/* what matches nothing */
	{ .patterns = { "io.inv" },
	  .message = "the pattern \"io.inv\" matches no test; did you mean \"io.inw\"?" },
	{ .patterns = { "-io.inv" },
	  .names = "io.outb io.inw mm.map[0] mm.map[1] mm.map[2] mm.map3" },
	{ .patterns = { "io.*", "-nothing" }, .names = "io.outb io.inw" },
	{ .patterns = { "io" }, .message = "did you mean \"io.*\"?" },
	{ .patterns = { "inw" }, .message = "did you mean \"io.inw\"?" },
	{ .patterns = { "utb" }, .message = "did you mean \"*utb*\"?" },
	{ .patterns = { "io.inw", "nothing.like.it" },
	  .message = "\"nothing.like.it\" matches no" },
	{ .patterns = { "" }, .message = "a pattern is empty" },
	{ .patterns = { "-" }, .message = "the pattern \"-\" excludes nothing" },
	{ .patterns = { "[" }, .message = "matches no test" },
	{ .patterns = { "[]" }, .message = "matches no test" },
	{ .patterns = { "]" }, .message = "matches no test" },
	{ .patterns = { "-*" }, .message = "nothing selected" },
};

static void join_names(const struct plan *plan, char *names, size_t size)
{
	size_t i, length = 0;

	names[0] = '\0';
	for (i = 0; i < plan->count; i++)
		length += (size_t)snprintf(names + length, size - length, "%s%s", i ? " " : "",
					   plan->cases[i].name);
}

static void selects(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		const struct row *row = &rows[i];
		struct plan_selection selection = { .patterns = row->patterns,
						    .groups = row->groups,
						    .filters = row->filters,
						    .shard = row->shard,
						    .shards = row->shards,
						    .all = row->all,
						    .repeat = row->repeat };
		struct error error = { "" };
		struct plan plan;
		char names[512];
		int err;

		while (selection.pattern_count < 3 && row->patterns[selection.pattern_count])
			selection.pattern_count++;
		while (selection.group_count < 2 && row->groups[selection.group_count])
			selection.group_count++;
		while (selection.filter_count < 2 && row->filters[selection.filter_count])
			selection.filter_count++;
		err = plan_init(&plan, tests, LENGTH(tests), &selection, &error);
		if (row->names) {
			assert_string_equal(error.text, "");
			assert_int_equal(err, 0);
			join_names(&plan, names, sizeof(names));
			assert_string_equal(names, row->names);
			assert_int_equal(plan.registered, LENGTH(tests));
		} else {
			assert_int_equal(err, -EINVAL);
			if (!strstr(error.text, row->message))
				fail_msg("row %zu: \"%s\" is not in \"%s\"", i, row->message,
					 error.text);
		}
		plan_finish(&plan);
	}
}

/* As a plan of this selection has them. */
static void names_of(const struct plan_selection *selection, char *names, size_t size)
{
	struct plan plan;

	assert_int_equal(plan_init(&plan, tests, LENGTH(tests), selection, NULL), 0);
	join_names(&plan, names, size);
	plan_finish(&plan);
}

static void shuffles(void **state)
{
	struct plan_selection selection = { .shuffle = true, .repeat = 1 };
	char names[256], again[256], twice[512];
	unsigned int orders = 0;
	struct plan plan;
	size_t i;

	(void)state;
	/* Every case once; the same seed gives the same order, others give others. */
	for (selection.seed = 0; selection.seed < 50; selection.seed++) {
		names_of(&selection, names, sizeof(names));
		names_of(&selection, again, sizeof(again));
		assert_string_equal(names, again);
		for (i = 0; i < 6; i++) {
			static const char *const each[] = { "io.outb",	 "io.inw",    "mm.map[0]",
							    "mm.map[1]", "mm.map[2]", "mm.map3" };

			assert_non_null(strstr(names, each[i]));
		}
		orders += !!strncmp(names, "io.outb io.inw", 14);
	}
	assert_true(orders > 30);
	/* The algorithm is a promise: a seed in a report must work on another host. */
	selection.seed = 5;
	names_of(&selection, names, sizeof(names));
	assert_string_equal(names, "io.outb io.inw mm.map3 mm.map[1] mm.map[2] mm.map[0]");
	/* Rounds repeat the order; shards are cut from it. */
	selection.repeat = 2;
	names_of(&selection, twice, sizeof(twice));
	assert_int_equal(strncmp(twice, names, strlen(names)), 0);
	assert_string_equal(twice + strlen(names) + 1, names);
	selection.repeat = 1;
	selection.shard = 2;
	selection.shards = 6;
	assert_int_equal(plan_init(&plan, tests, LENGTH(tests), &selection, NULL), 0);
	assert_true(plan.shuffled && plan.seed == 5 && plan.shard == 2 && plan.shards == 6);
	assert_int_equal(plan.count, 1);
	assert_int_equal(
		strncmp(strchr(names, ' ') + 1, plan.cases[0].name, strlen(plan.cases[0].name)), 0);
	plan_finish(&plan);
}

static const struct named {
	int value;
	const char *name;
} named[] = { { 1, "one" }, { 2, "of two words" }, { 3, NULL } };

static const struct r0_test named_test = {
	.suite = "io",
	.name = "named",
	.options = { .params = R0_PARAMS(named, name) },
};

static void params_have_their_names(void **state)
{
	const struct r0_test *const list[] = { &named_test };
	const char *const word[] = { "io.named[of*]" }, *const number[] = { "io.named[0]" };
	struct plan_selection selection = { 0 };
	struct error error = { 0 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_init(&plan, list, 1, &selection, &error), 0);
	assert_int_equal(plan.count, 3);
	assert_string_equal(plan.cases[0].name, "io.named[one]");
	assert_string_equal(plan.cases[1].name, "io.named[of two words]");
	assert_string_equal(plan.cases[2].name, "io.named[2]");
	plan_finish(&plan);
	selection = (struct plan_selection){ .patterns = word, .pattern_count = 1 };
	assert_int_equal(plan_init(&plan, list, 1, &selection, &error), 0);
	assert_int_equal(plan.count, 1);
	assert_int_equal(plan.cases[0].param, 1);
	plan_finish(&plan);
	selection.patterns = number;
	assert_int_equal(plan_init(&plan, list, 1, &selection, &error), 0);
	assert_int_equal(plan.count, 1);
	assert_string_equal(plan.cases[0].name, "io.named[one]");
	plan_finish(&plan);
}

/* Which of two would a name be? */
static void names_of_params_are_different(void **state)
{
	static const struct named twice[] = { { 1, "one" }, { 2, "two" }, { 3, "one" } };
	static const struct r0_test test = {
		.suite = "io",
		.name = "t",
		.file = "io.c",
		.line = 5,
		.options = { .params = R0_PARAMS(twice, name) },
	};
	const struct r0_test *const list[] = { &test };
	const struct plan_selection all = { 0 };
	struct error error = { 0 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_init(&plan, list, 1, &all, &error), -EINVAL);
	assert_string_equal(error.text, "two cases of io.t (io.c:5) are named \"one\"");
	plan_finish(&plan);
}

static void params_have_their_index(void **state)
{
	const char *const patterns[] = { "mm.map[2]" };
	const struct plan_selection selection = { .patterns = patterns, .pattern_count = 1 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_init(&plan, tests, LENGTH(tests), &selection, NULL), 0);
	assert_int_equal(plan.count, 1);
	assert_int_equal(plan.cases[0].param, 2);
	assert_ptr_equal(plan.cases[0].test, &mm_map);
	plan_finish(&plan);
}

static void refuse(const struct r0_test *const *list, size_t count, const char *message)
{
	const struct plan_selection selection = { .all = true };
	struct error error = { "" };
	struct plan plan;

	assert_int_equal(plan_init(&plan, list, count, &selection, &error), -EINVAL);
	assert_string_equal(error.text, message);
	plan_finish(&plan);
}

static void refuses_bad_programs(void **state)
{
	static const struct r0_test again = {
		.suite = "io", .name = "inw", .file = "other.c", .line = 7
	};
	static const struct r0_test empty = {
		.suite = "io",
		.name = "none",
		.file = "io.c",
		.line = 5,
		.options = { .params = { three, 0, sizeof(three[0]) } },
	};
	static const struct r0_test nameless = { .file = "io.c", .line = 6 };
	const struct r0_test *const twice[] = { &again, &mm_map, &io_inw };
	const struct r0_test *const without_elements[] = { &io_inw, &empty };
	const struct r0_test *const without_name[] = { &nameless };

	(void)state;
	refuse(twice, LENGTH(twice),
	       "two tests are named io.inw: other.c:7 and io.c:3; rename one of them");
	refuse(without_elements, LENGTH(without_elements),
	       "io.none (io.c:5) has .params without elements: it would never run");
	refuse(without_name, LENGTH(without_name), "the test at io.c:6 has no name");
	refuse(NULL, 0, "there are no tests to select from");
}

int main(void)
{
	const struct CMUnitTest unit_tests[] = {
		cmocka_unit_test(selects),
		cmocka_unit_test(shuffles),
		cmocka_unit_test(params_have_their_index),
		cmocka_unit_test(params_have_their_names),
		cmocka_unit_test(names_of_params_are_different),
		cmocka_unit_test(refuses_bad_programs),
	};

	return cmocka_run_group_tests_name("plan", unit_tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The cases of a selection: shuffled, cut into shards, repeated. Pure: depends on libc only. */
#include "plan/plan.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan/selector.h"

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
	if (entry_has_params(entry->test) && entry_param_name(entry->test, param))
		length = asprintf(&c->name, "%s[%s]", entry->name,
				  entry_param_name(entry->test, param));
	else if (entry_has_params(entry->test))
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
	if (!selector->entries.count)
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

	for (i = 0; i < selector->entries.count; i++) {
		const struct entry *entry = &selector->entries.items[i];

		for (param = 0; param < entry_case_count(entry->test); param++) {
			if (!selector_takes(selector, entry, param))
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
	struct selector selector;
	int err;

	memset(plan, 0, sizeof(*plan));
	plan->registered = count;
	err = selector_init(&selector, selection, tests, count, error);
	if (!err)
		err = select_cases(plan, &selector, error);
	if (!err)
		err = selector_check(&selector, error);
	if (!err)
		err = check_count(&selector, plan, error);
	if (!err && selection->shuffle)
		shuffle(plan, selection->seed);
	if (!err && selection->shards)
		take_shard(plan, selection->shard, selection->shards);
	if (!err)
		err = repeat(plan, selection->repeat, error);
	selector_finish(&selector);
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

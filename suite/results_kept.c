/* SPDX-License-Identifier: MIT */
/* The results that there are, and what those need that add to them. Depends on libc and base/buffer.h. */
#include <stdlib.h>
#include <string.h>
#include "suite/results_own.h"

const char *suite_results_after(const char *text, const char *begin)
{
	size_t length = strlen(begin);

	return strncmp(text, begin, length) ? NULL : text + length;
}

bool suite_results_number(const char **text, size_t *number)
{
	const char *digit = *text;

	*number = 0;
	while (*digit >= '0' && *digit <= '9' && *number < 100000000)
		*number = *number * 10 + (size_t)(*digit++ - '0');
	if (digit == *text || (*digit >= '0' && *digit <= '9'))
		return false;
	*text = digit;
	return true;
}

void suite_results_set_reason(struct suite_results *results, const char *reason)
{
	size_t length = strlen(reason);

	if (length >= sizeof(results->reason))
		length = sizeof(results->reason) - 1;
	memcpy(results->reason, reason, length);
	results->reason[length] = '\0';
}

static bool is_bad(enum r0_verdict verdict)
{
	return verdict != R0_VERDICT_PASS && verdict != R0_VERDICT_SKIP &&
	       verdict != R0_VERDICT_XFAIL;
}

static bool make_room(struct suite_results *results)
{
	size_t larger = results->capacity ? results->capacity * 2 : 64;
	struct suite_result *items;

	if (results->count == SUITE_RESULTS_MAX)
		return false;
	if (results->count < results->capacity)
		return true;
	items = reallocarray(results->items, larger, sizeof(*items));
	if (!items)
		return false;
	results->items = items;
	results->capacity = larger;
	return true;
}

void suite_results_put(struct suite_results *results, enum r0_verdict verdict, const char *name,
		       const char *message, uint64_t now_ns)
{
	struct suite_result *result;

	if (!make_room(results)) {
		results->lost++;
		results->has_lost_failure |= is_bad(verdict);
		results->pending.length = 0;
		return;
	}
	result = &results->items[results->count++];
	*result = (struct suite_result){
		.name = strdup(name),
		.verdict = verdict,
		.message = message ? strdup(message) : NULL,
		.duration_ns = now_ns - results->last_ns,
	};
	results->last_ns = now_ns;
	if (results->pending.length && (results->keep_output || is_bad(verdict))) {
		result->output_size = results->pending.length;
		result->output = buffer_take(&results->pending);
	}
	results->pending.length = 0;
}

void suite_results_init(struct suite_results *results, bool keep_output, uint64_t now_ns)
{
	*results = (struct suite_results){ .keep_output = keep_output, .last_ns = now_ns };
}

bool suite_results_have_failure(const struct suite_results *results)
{
	size_t i;

	for (i = 0; i < results->count; i++)
		if (is_bad(results->items[i].verdict))
			return true;
	return results->has_lost_failure;
}

void suite_results_finish(struct suite_results *results)
{
	size_t i;

	for (i = 0; i < results->count; i++) {
		free(results->items[i].name);
		free(results->items[i].message);
		free(results->items[i].output);
	}
	free(results->items);
	free(results->pending.text);
	*results = (struct suite_results){ 0 };
}

/* SPDX-License-Identifier: MIT */
/* What came of a job. */
#include "verdict/outcome.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void outcome_of(struct outcome *outcome, enum r0_verdict verdict, const char *message)
{
	*outcome = (struct outcome){ .result = { .verdict = verdict, .message = strdup(message) } };
}

int outcome_add_value(struct r0_result *result, const struct r0_value *value)
{
	struct r0_value *values =
		reallocarray(result->values, result->value_count + 1, sizeof(*values));
	struct r0_value *to;

	if (!values)
		return -ENOMEM;
	result->values = values;
	to = &values[result->value_count];
	*to = *value;
	to->name = strdup(value->name);
	to->unit = strdup(value->unit);
	if (!to->name || !to->unit) {
		free(to->name);
		free(to->unit);
		return -ENOMEM;
	}
	result->value_count++;
	return 0;
}

void outcome_finish_values(struct r0_result *result)
{
	size_t i;

	for (i = 0; i < result->value_count; i++) {
		free(result->values[i].name);
		free(result->values[i].unit);
	}
	free(result->values);
	result->values = NULL;
	result->value_count = 0;
}

void outcome_finish(struct outcome *outcome)
{
	free(outcome->result.message);
	free(outcome->result.report);
	free(outcome->result.output);
	free(outcome->result.file);
	outcome_finish_values(&outcome->result);
	memset(outcome, 0, sizeof(*outcome));
}

/* SPDX-License-Identifier: MIT */
/* What came of a job. */
#include "verdict/outcome.h"
#include <stdlib.h>
#include <string.h>

void outcome_of(struct outcome *outcome, enum r0_verdict verdict, const char *message)
{
	*outcome = (struct outcome){ .result = { .verdict = verdict, .message = strdup(message) } };
}

void outcome_finish(struct outcome *outcome)
{
	free(outcome->result.message);
	free(outcome->result.report);
	free(outcome->result.output);
	free(outcome->result.file);
	memset(outcome, 0, sizeof(*outcome));
}

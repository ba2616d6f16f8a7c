/* SPDX-License-Identifier: MIT */
/* What came of a job: its result, for the caller and the reports. Depends on the public headers only. */
#ifndef VERDICT_OUTCOME_H
#define VERDICT_OUTCOME_H

#include <stdint.h>
#include <ring0/call.h>

/* A result with what only a report needs. */
struct outcome {
	struct r0_result result;
	uint64_t duration_ns;
	unsigned int doubts; /* on a software KVM: see verdict/doubt.h */
};

/* Append a value with copies of its texts. Returns 0 or -ENOMEM. */
int outcome_add_value(struct r0_result *result, const struct r0_value *value);

/* Release the values of a result. */
void outcome_finish_values(struct r0_result *result);

/* Release what an outcome owns. */
void outcome_finish(struct outcome *outcome);

/* Make an outcome of a verdict and a message, without anything having been run. */
void outcome_of(struct outcome *outcome, enum r0_verdict verdict, const char *message);

#endif /* VERDICT_OUTCOME_H */

/* SPDX-License-Identifier: MIT */
/* What jobs have in common, whether they come from a plan or from r0_call(). */
#ifndef RUNNER_JOB_H
#define RUNNER_JOB_H

#include "execution/execute.h"
#include "mirror/mirror.h"

/*
 * Set the job's time limit: `timeout_ms`, or if that is 0 its own .timeout_ms, or if that is 0
 * too 10 s; times `factor`, or if that is 0 $R0_TIMEOUT_FACTOR. Returns 0, or -EINVAL with a
 * message for a $R0_TIMEOUT_FACTOR that timeout_factor_read() refuses.
 */
int job_time_limit(struct job *job, unsigned int timeout_ms, double factor, struct error *error);

/*
 * Append the guest-physical ranges that options declare to a list from malloc(). Returns 0 or
 * -ENOMEM.
 */
int job_reserved_ranges(const struct r0_options *options, struct mirror_range **ranges,
			size_t *count);

/*
 * The outcome of a job whose vCPU can't be interrupted, or of which a mock, in `call`, never comes back.
 */
void job_abandoned(struct outcome *outcome, const struct job *job, const struct mock_call *call);

#endif /* RUNNER_JOB_H */

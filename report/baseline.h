/* SPDX-License-Identifier: MIT */
/* The values of an earlier report, as --format json has written it. */
#ifndef REPORT_BASELINE_H
#define REPORT_BASELINE_H

#include <ring0/call.h>
#include "base/error.h"

struct baseline;

/*
 * Read a report. Returns 0; -errno of opening or reading it; -EINVAL, with the line, for what is no report in JSON; or
 * -ENOMEM. baseline_destroy() releases it.
 */
int baseline_read(struct baseline **baseline, const char *file, struct error *error);
void baseline_destroy(struct baseline *baseline);

/* The value with this one's name and unit of the case of that name, the last one; or NULL. `baseline` may be NULL. */
const struct r0_value *baseline_find(const struct baseline *baseline, const char *name,
				     const struct r0_value *value);

/* "OLD.json: hardware KVM, SVM, a CPU, Linux 6.1.0": where it is from. */
const char *baseline_text(const struct baseline *baseline);

#endif /* REPORT_BASELINE_H */

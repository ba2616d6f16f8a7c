/* SPDX-License-Identifier: MIT */
/* The values of an earlier report, as --format json has written it. */
#ifndef REPORT_BASELINE_H
#define REPORT_BASELINE_H

#include <stdbool.h>
#include <ring0/call.h>
#include "base/error.h"

struct baseline;

/*
 * Read a report. Returns 0; -errno of opening or reading it; -EINVAL, with the line, for what is no report in JSON; or
 * -ENOMEM. baseline_destroy() releases it.
 */
int baseline_read(struct baseline **baseline, const char *file, struct error *error);
void baseline_destroy(struct baseline *baseline);

/*
 * Fill in the value with this one's name and unit of the case of that name: false if there is none. Of several, as with
 * --repeat, it is the median, and its spread is at least half of what lies between the least and the greatest. Its texts
 * are the baseline's, which may be NULL.
 */
bool baseline_find(const struct baseline *baseline, const char *name, const struct r0_value *value,
		   struct r0_value *was);

/* "OLD.json: hardware KVM, SVM, a CPU, Linux 6.1.0": where it is from. */
const char *baseline_text(const struct baseline *baseline);

#endif /* REPORT_BASELINE_H */

/* SPDX-License-Identifier: MIT */
/* The formats, each by its name. */
#ifndef REPORT_FORMATS_H
#define REPORT_FORMATS_H

#include "report/report.h"

extern const struct report_ops report_pretty_ops;
extern const struct report_ops report_tap_ops;
extern const struct report_ops report_junit_ops;
extern const struct report_ops report_xunit_ops;
extern const struct report_ops report_json_ops;
extern const struct report_ops report_ktap_ops;
extern const struct report_ops report_sotest_ops;

/* GitHub's annotations, for below a report for people: no format of its own for --format. */
extern const struct report_ops report_github_ops;

/* All formats, the default one first; NULL ends the list. */
extern const struct report_ops *const report_formats[];

/* The operations of a format by its name, of that length, or NULL. */
const struct report_ops *report_find(const char *name, size_t length);

#endif /* REPORT_FORMATS_H */

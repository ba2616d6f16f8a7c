/* SPDX-License-Identifier: MIT */
/* What --list prints of a case, on a line. */
#ifndef REPORT_LIST_H
#define REPORT_LIST_H

#include <stdbool.h>
#include <stdio.h>
#include "plan/plan.h"

/* Its name, and if `verbose` where it is, its groups and attributes. */
void report_list_text(FILE *out, const struct plan_case *c, bool verbose);

/* A JSON object: docs/report-json.md. */
void report_list_json(FILE *out, const struct plan_case *c);

#endif /* REPORT_LIST_H */

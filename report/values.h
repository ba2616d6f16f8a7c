/* SPDX-License-Identifier: MIT */
/* What tests measured, as reports have it; and beside an earlier report. */
#ifndef REPORT_VALUES_H
#define REPORT_VALUES_H

#include <stdbool.h>
#include <stdio.h>
#include <ring0/call.h>
#include "report/report.h"

/* 412500 with 3 decimals as "412.5": without zeros at its end, in no locale. */
void value_put_number(FILE *out, int64_t number, uint32_t decimals);

/* "time: 412.5 cycles (minimum 401, spread 3.5, 101 samples)", and what it was. */
void value_put(const struct report *report, const struct plan_case *c,
	       const struct r0_value *value);

/* A value beside what it was. */
struct value_change {
	struct r0_value was;  /* its texts are the baseline's */
	int64_t hundredths;   /* of the ratio; -1 if there is none, as it was 0 */
	bool is_within_noise; /* of measurements: see value_change() */
	bool is_measurement;
};

/*
 * What a value was in the report's baseline. A measurement has changed within the noise if the medians differ by no
 * more than both spreads together, by less than 1 %, or by less than one cycle or nanosecond. Returns false where
 * nothing is known.
 */
bool value_change(const struct report *report, const struct plan_case *c,
		  const struct r0_value *value, struct value_change *change);

/* Where ring 0 is emulated and something was measured, what that means; else NULL. */
const char *values_warning(const struct report *report, const struct tally *tally);

#endif /* REPORT_VALUES_H */

/* SPDX-License-Identifier: MIT */
/* What tests measured, as reports have it. */
#include "report/values.h"
#include <inttypes.h>
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"
#include "report/baseline.h"

static uint64_t power_of_ten(uint32_t exponent)
{
	uint64_t power = 1;

	while (exponent--)
		power *= 10;
	return power;
}

void value_put_number(FILE *out, int64_t number, uint32_t decimals)
{
	uint64_t digits = number < 0 ? 0 - (uint64_t)number : (uint64_t)number, unit;

	for (; decimals && digits % 10 == 0; decimals--)
		digits /= 10;
	unit = power_of_ten(decimals);
	fprintf(out, "%s%" PRIu64, number < 0 ? "-" : "", digits / unit);
	if (decimals)
		fprintf(out, ".%0*" PRIu64, (int)decimals, digits % unit);
}

static double real(int64_t number, uint32_t decimals)
{
	return (double)number / (double)power_of_ten(decimals);
}

static double distance(double a, double b)
{
	return a < b ? b - a : a - b;
}

bool value_change(const struct report *report, const struct plan_case *c,
		  const struct r0_value *value, struct value_change *change)
{
	struct r0_value was;
	double now, then, apart;

	if (!baseline_find(report->baseline, c->name, value, &was))
		return false;
	now = real(value->number, value->decimals);
	then = real(was.number, was.decimals);
	apart = distance(now, then);
	*change = (struct value_change){
		.was = was,
		.hundredths = -1,
		.is_measurement = value->samples && was.samples,
	};
	if (then > 0 && now >= 0 && now / then < 1e12)
		change->hundredths = (int64_t)(now / then * 100 + 0.5);
	if (change->is_measurement)
		change->is_within_noise = apart <= real(value->spread, value->decimals) +
							   real(was.spread, was.decimals) ||
					  apart < then / 100 || apart < 1;
	return true;
}

static void put_change(const struct report *report, const struct plan_case *c,
		       const struct r0_value *value)
{
	struct value_change change;
	FILE *out = report->out;

	if (!report->baseline)
		return;
	if (!value_change(report, c, value, &change)) {
		fputs("; not measured before", out);
		return;
	}
	fputs("; was ", out);
	value_put_number(out, change.was.number, change.was.decimals);
	if (change.hundredths >= 0) {
		fputs(": \xc3\x97 ", out);
		fprintf(out, "%" PRId64 ".%02d", change.hundredths / 100,
			(int)(change.hundredths % 100));
	}
	if (change.is_measurement)
		fputs(change.is_within_noise ? ", within the noise" : ", beyond the noise", out);
}

void value_put(const struct report *report, const struct plan_case *c, const struct r0_value *value)
{
	FILE *out = report->out;

	text_put(out, value->name, strlen(value->name), "");
	fputs(": ", out);
	value_put_number(out, value->number, value->decimals);
	putc(' ', out);
	text_put(out, value->unit, strlen(value->unit), "");
	if (value->samples) {
		fputs(" (minimum ", out);
		value_put_number(out, value->minimum, value->decimals);
		fputs(", spread ", out);
		value_put_number(out, value->spread, value->decimals);
		fprintf(out, ", %" PRIu32 " samples)", value->samples);
	}
	put_change(report, c, value);
}

const char *values_warning(const struct report *report, const struct tally *tally)
{
	if (!tally->measured || !report->host || !strcmp(report->host->kind, "hardware"))
		return NULL;
	return "ring 0 is emulated here: what was measured tells nothing of hardware";
}

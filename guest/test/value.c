/* SPDX-License-Identifier: MIT */
/* r0_value(), and what makes a test a benchmark. */
#include <ring0.h>
#include "guest/entry/entry.h"
#include "guest/host/require.h"
#include "guest/test/measure.h"

bool has_measured;

void give_value(const struct r0_given_value *value)
{
	if (r0_ask(R0_MESSAGE_VALUE, (uint64_t)value, 0))
		r0_panic("r0_value(): a test may give %d values", R0_VALUE_LIMIT);
}

void r0_value(const char *name, const char *unit, int64_t number)
{
	const struct r0_given_value value = { .name = name, .unit = unit, .number = number };

	require_guest(__func__);
	give_value(&value);
}

void r0_benchmark(void (*fn)(void), const char *file, int line)
{
	fn();
	if (!has_measured)
		r0_fail(file, line,
			"a benchmark that measures nothing: R0_MEASURE belongs in its body, and has to end");
}

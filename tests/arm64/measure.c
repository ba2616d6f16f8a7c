/* SPDX-License-Identifier: MIT */
/* Measuring, by the generic timer. */
#include "routine.h"

R0_BENCHMARK(measure, hypervisor_call)
{
	R0_MEASURE
	{
		r0_hvc_call(R0_PSCI_VERSION, 0, 0, 0);
	}
}

R0_TEST(measure, value)
{
	r0_value("answers", "things", 42);
}

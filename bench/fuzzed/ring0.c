/* SPDX-License-Identifier: MIT */
#include <ring0.h>
#include "function.h"

static volatile unsigned int result;

R0_FUZZ(rate, function)
{
	result = fuzzed_function(data, size);
}

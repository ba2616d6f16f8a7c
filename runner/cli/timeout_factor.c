/* SPDX-License-Identifier: MIT */
/* The one reader of $R0_TIMEOUT_FACTOR. Depends on libc and base/error.h alone. */
#include "runner/cli/timeout_factor.h"
#include <errno.h>
#include <stdbool.h>

/* By hand: strtod() takes more ("inf", "0x1p3"), and the locale's decimal point. */
int timeout_factor_read(const char *text, double *factor, struct error *error)
{
	double value = 0, place = 1;
	bool digits = false, point = false;
	const char *c;

	*factor = 1;
	if (!text || !text[0])
		return 0;
	for (c = text; *c; c++) {
		if (*c == '.' && !point) {
			point = true;
			continue;
		}
		if (*c < '0' || *c > '9')
			break;
		digits = true;
		if (point)
			place /= 10;
		value = point ? value + (*c - '0') * place : value * 10 + (*c - '0');
	}
	if (*c || !digits || value < 0.001 || value > 1e6)
		return error_set(error, EINVAL,
				 "R0_TIMEOUT_FACTOR=%.100s: give a number from 0.001 to 1000000, "
				 "such as 2.5",
				 text);
	*factor = value;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* The formats, each by its name. Above all of them. */
#include "report/formats.h"
#include <string.h>

const struct report_ops *const report_formats[] = {
	&report_pretty_ops, &report_tap_ops,  &report_junit_ops,  &report_xunit_ops,
	&report_json_ops,   &report_ktap_ops, &report_sotest_ops, NULL,
};

const struct report_ops *report_find(const char *name, size_t length)
{
	size_t i;

	for (i = 0; report_formats[i]; i++)
		if (strlen(report_formats[i]->name) == length &&
		    !memcmp(report_formats[i]->name, name, length))
			return report_formats[i];
	return NULL;
}

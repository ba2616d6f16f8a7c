/* SPDX-License-Identifier: MIT */
/* Mocks that an access leaves. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "mock/hints.h"

const char *hints_device(enum bus_space space, uint64_t first, uint64_t last)
{
	(void)space;
	(void)first;
	(void)last;
	return NULL;
}

void hints_of_access(const struct r0_options *options, const struct bus_access *access,
		     struct error *error)
{
	size_t length = strlen(error->text), i;

	for (i = 0; i < options->mmio.count; i++) {
		const struct r0_mock *mock = &options->mmio.entries[i];

		/* One that holds all of it has been asked. */
		if (access->address < mock->first || access->address > mock->last ||
		    mock->last - access->address >= access->size - 1u)
			continue;
		snprintf(error->text + length, sizeof(error->text) - length,
			 ": it begins in the mock of %#" PRIx64 " to %#" PRIx64 " and ends outside",
			 mock->first, mock->last);
		return;
	}
}

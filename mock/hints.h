/* SPDX-License-Identifier: MIT */
/* What a refused access may have been meant for. Depends on the declarations alone. */
#ifndef MOCK_HINTS_H
#define MOCK_HINTS_H

#include <ring0/test.h>
#include "base/error.h"
#include "devices/bus.h"

/*
 * Add to the complaint about an access that nothing serves: the device of .irqchip that has it, or the mock that
 * it begins in and leaves.
 */
void hints_of_access(const struct r0_options *options, const struct bus_access *access,
		     struct error *error);

/* The device that the machine of such a test has at any of [first, last], or NULL. */
const char *hints_device(const struct r0_options *options, enum bus_space space, uint64_t first,
			 uint64_t last);

#endif /* MOCK_HINTS_H */

/* SPDX-License-Identifier: MIT */
/* What a refused access may have been meant for. Depends on the declarations alone. */
#ifndef MOCK_HINTS_H
#define MOCK_HINTS_H

#include <ring0/test.h>
#include "base/error.h"

/*
 * Add to the complaint about an access, to a port or to guest-physical memory, that nothing serves: the
 * device of .irqchip that has it, or the mock that it begins in and leaves.
 */
void hints_of_access(const struct r0_options *options, const struct r0_access *access, bool port,
		     struct error *error);

/* The device of .irqchip that has any of [first, last], or NULL. */
const char *hints_device(bool port, uint64_t first, uint64_t last);

#endif /* MOCK_HINTS_H */

/* SPDX-License-Identifier: MIT */
/* What probes have in common, inside: each architecture's are in one file. Depends on ring0's public headers alone. */
#ifndef COMMAND_DOCTOR_PROBES_H
#define COMMAND_DOCTOR_PROBES_H

#include <ring0.h>

#define WRONG(...) r0_fail(NULL, 0, __VA_ARGS__)

/* The exception that had to come, or none (-1). */
static inline void expect(int vector, struct r0_fault fault)
{
	if (fault.vector == vector)
		return;
	if (fault.vector < 0)
		WRONG("no %s comes", r0_vector_name(vector));
	WRONG("raises %s", r0_vector_name(fault.vector));
}

#endif /* COMMAND_DOCTOR_PROBES_H */

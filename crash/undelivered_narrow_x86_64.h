/* SPDX-License-Identifier: MIT */
/* Why an exception could not be delivered where there is no long mode. Depends on crash.h's view alone. */
#ifndef CRASH_UNDELIVERED_NARROW_X86_64_H
#define CRASH_UNDELIVERED_NARROW_X86_64_H

#include "crash/crash.h"

/* As crash_undelivered_reason(). */
bool crash_undelivered_narrow_reason(const struct crash_view *view, int vector, bool software,
				     char *reason, size_t size);

#endif /* CRASH_UNDELIVERED_NARROW_X86_64_H */

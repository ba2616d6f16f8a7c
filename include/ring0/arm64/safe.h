/* SPDX-License-Identifier: MIT */
/*
 * Register accesses whose exception is a result: -1 if there was none, or R0_UNDEFINED and the like. They come back as
 * r0_try() does, and so are for code inside a test.
 */
#ifndef RING0_ARM64_SAFE_H
#define RING0_ARM64_SAFE_H

#include <ring0/fault.h>
#include <ring0/arm64/registers.h>

/* r0_mrs_safe(id_aa64smfr0_el1, &value): *value stays as it is if there is an exception. */
#define r0_mrs_safe(name, value)                   \
	__extension__({                            \
		struct r0_try r0_try_;             \
		if (r0_try_begin(&r0_try_) == 0) { \
			*(value) = r0_mrs(name);   \
			r0_try_end(&r0_try_);      \
			r0_try_.fault.vector = -1; \
		}                                  \
		r0_try_.fault.vector;              \
	})

#define r0_msr_safe(name, value)                   \
	__extension__({                            \
		struct r0_try r0_try_;             \
		if (r0_try_begin(&r0_try_) == 0) { \
			r0_msr(name, value);       \
			r0_try_end(&r0_try_);      \
			r0_try_.fault.vector = -1; \
		}                                  \
		r0_try_.fault.vector;              \
	})

#endif /* RING0_ARM64_SAFE_H */

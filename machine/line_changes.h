/* SPDX-License-Identifier: MIT */
/* What mocks want done with interrupt lines later. Depends on base/ alone. */
#ifndef MACHINE_LINE_CHANGES_H
#define MACHINE_LINE_CHANGES_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

/* More that are to come a mock can't have. */
#define LINE_CHANGES_MAX 64

/* All zero is none. */
struct line_changes {
	struct line_change {
		uint64_t at; /* of the monotonic clock, in nanoseconds; 0 for none */
		unsigned int line;
		bool level;
	} later[LINE_CHANGES_MAX];
};

/* In so many nanoseconds. Returns 0, or -ENOSPC with a message. */
int line_changes_add(struct line_changes *changes, unsigned int line, bool level, uint64_t after_ns,
		     struct error *error);

/* When the next one is, or UINT64_MAX. */
uint64_t line_changes_deadline(const struct line_changes *changes);

/* Take the one that is due for longest, and say whether there is one. */
bool line_changes_take(struct line_changes *changes, uint64_t now, struct line_change *due);

#endif /* MACHINE_LINE_CHANGES_H */

/* SPDX-License-Identifier: MIT */
/* Changes of lines, by their time. */
#include "machine/line_changes.h"
#include <errno.h>
#include <stddef.h>
#include "base/clock.h"

int line_changes_add(struct line_changes *changes, unsigned int line, bool level, uint64_t after_ns,
		     struct error *error)
{
	size_t i;

	for (i = 0; i < LINE_CHANGES_MAX && changes->later[i].at; i++)
		;
	if (i == LINE_CHANGES_MAX)
		return error_set(error, ENOSPC, "%d changes of lines are already pending",
				 LINE_CHANGES_MAX);
	changes->later[i] =
		(struct line_change){ .at = clock_ns() + after_ns, .line = line, .level = level };
	return 0;
}

uint64_t line_changes_deadline(const struct line_changes *changes)
{
	uint64_t first = UINT64_MAX;
	size_t i;

	for (i = 0; i < LINE_CHANGES_MAX; i++)
		if (changes->later[i].at && changes->later[i].at < first)
			first = changes->later[i].at;
	return first;
}

bool line_changes_take(struct line_changes *changes, uint64_t now, struct line_change *due)
{
	struct line_change *next = NULL;
	size_t i;

	for (i = 0; i < LINE_CHANGES_MAX; i++) {
		struct line_change *later = &changes->later[i];

		if (later->at && later->at <= now && (!next || later->at < next->at))
			next = later;
	}
	if (!next)
		return false;
	*due = *next;
	next->at = 0;
	return true;
}

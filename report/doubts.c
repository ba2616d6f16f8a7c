/* SPDX-License-Identifier: MIT */
/* Which passes prove nothing for hardware, and which failures may be the KVM's. */
#include <stdlib.h>
#include "report/doubts.h"
#include "verdict/doubt.h"
#include "verdict/verdict.h"

/* One line is to be read. */
#define NAMED 4

static void list_add(struct doubts_list *list, const char *name, unsigned int doubts)
{
	char text[256];

	if (!doubts)
		return;
	doubt_text(doubts, text, sizeof(text));
	if (list->count < NAMED)
		buffer_print(&list->names, "%s%s (%s)", list->count ? ", " : "", name, text);
	list->count++;
}

void doubts_add(struct doubts *all, const char *name, enum r0_verdict verdict, unsigned int doubts)
{
	if (verdict == R0_VERDICT_PASS)
		list_add(&all->passes, name, doubts & DOUBTS_OF_PASSES);
	else if (verdict_is_failure(verdict))
		list_add(&all->failures, name, doubts & DOUBTS_OF_FAILURES);
}

/* "2 passes prove nothing for hardware: a.b (EOI), c.d (EOI)" */
static void put_list(struct buffer *line, struct doubts_list *list, const char *separator,
		     const char *one, const char *many)
{
	char *names = buffer_take(&list->names);

	if (list->count)
		buffer_print(line, "%s%u %s: %s", separator, list->count,
			     list->count == 1 ? one : many, names ? names : "");
	if (list->count > NAMED)
		buffer_print(line, ", and %u more", list->count - NAMED);
	free(names);
}

char *doubts_take(struct doubts *all)
{
	const bool both = all->passes.count && all->failures.count;
	struct buffer line = { 0 };

	put_list(&line, &all->passes, "On this software KVM ", "pass proves nothing for hardware",
		 "passes prove nothing for hardware");
	put_list(&line, &all->failures, both ? "; " : "On this software KVM ",
		 "failure may be the KVM's", "failures may be the KVM's");
	if (line.length)
		buffer_print(&line, "; --lab has a genuine one");
	return buffer_take(&line);
}

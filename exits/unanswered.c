/* SPDX-License-Identifier: MIT */
/* Accesses that neither memory nor a device nor a declaration answers. */
#include "exits/unanswered.h"
#include <errno.h>
#include "mock/hints.h"

/* A write to what the VM shows of the program read-only comes this way, too. */
static bool is_program_text(const struct run *run, const struct bus_access *access)
{
	const struct mirror *mirror = run->machine->template->mirror;
	size_t i;

	if (access->space != BUS_MEMORY || !access->write)
		return false;
	for (i = 0; i < mirror->slot_count; i++)
		if (range_holds(mirror->slots[i].gpa, mirror->slots[i].size, access->address, 1))
			return true;
	return false;
}

void unanswered_describe(struct run *run)
{
	const struct bus *bus = &run->machine->bus;
	const struct bus_access *access =
		&bus->unhandled[(bus->unhandled_count - 1) % BUS_UNHANDLED_KEPT];
	char text[128];

	bus_access_text(access, text, sizeof(text));
	if (is_program_text(run, access)) {
		error_set(&run->complaint, EPERM, "%s, which is the program's read-only memory",
			  text);
		return;
	}
	error_set(&run->complaint, EPERM, "%s, which nothing declares", text);
	hints_of_access(run->job->options, access, &run->complaint);
}

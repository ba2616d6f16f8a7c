/* SPDX-License-Identifier: MIT */
/* Accesses to guest-physical memory that no memory of the VM answers. */
#include "exits/memory_access.h"
#include <errno.h>
#include <inttypes.h>
#include "mock/hints.h"
#include "run/alarm.h"

/* A write to what the VM shows of the program read-only comes this way, too. */
static bool is_program_text(const struct run *run, uint64_t address)
{
	const struct mirror *mirror = run->machine->template->mirror;
	size_t i;

	for (i = 0; i < mirror->slot_count; i++)
		if (range_holds(mirror->slots[i].gpa, mirror->slots[i].size, address, 1))
			return true;
	return false;
}

int memory_access(struct run *run, struct r0_access *access)
{
	int err;

	if (run->machine->devices && interrupt_devices_access(run->machine->devices, access)) {
		alarm_set(run);
		return 0;
	}
	if (access->write && is_program_text(run, access->address))
		return error_set(&run->complaint, EPERM,
				 "write of %#" PRIx64 " (%u bytes) to guest-physical %#" PRIx64
				 ", which is the program's read-only memory",
				 access->value, access->width, access->address);
	err = mocks_memory(&run->mocks, access, &run->complaint);
	if (err)
		hints_of_access(run->job->options, access, false, &run->complaint);
	return err;
}

/* SPDX-License-Identifier: MIT */
/* GS base before a test starts: SDM vol. 3A, 3.4.4, IA32_GS_BASE. */
#include <errno.h>
#include "execution/gs_areas.h"

/* The variables as they begin, into one CPU's area. */
static int copy_variables(struct run *run, uint64_t area)
{
	const struct r0_gs *gs = &run->job->options->gs;
	struct memory *memory = &run->machine->memory;
	uint8_t piece[4096];
	size_t done, step;

	for (done = 0; done < gs->variables_size; done += step) {
		r0_gva from = gva((uint64_t)gs->variables + done);
		r0_gva to = gva(area + gs->variables_at + done);

		step = gs->variables_size - done < sizeof(piece) ? gs->variables_size - done :
								   sizeof(piece);
		if (memory_read(memory, from, piece, step) != step ||
		    memory_write(memory, to, piece, step) != step)
			return error_set(&run->complaint, EFAULT,
					 "its .gs has variables for CPUs that can't be copied from "
					 "%#llx to %#llx",
					 (unsigned long long)from.value,
					 (unsigned long long)to.value);
	}
	return 0;
}

int gs_areas_begin(struct run *run)
{
	const struct r0_gs *gs = &run->job->options->gs;

	if (!gs->area)
		return 0;
	if (!gs->size && run->machine->cpu_count > 1)
		return error_set(
			&run->complaint, EINVAL,
			"it has .cpus and .gs, whose size is 0: each CPU has an area of its own");
	if (gs->room && gs->size && run->machine->cpu_count > gs->room / gs->size)
		return error_set(
			&run->complaint, EINVAL,
			"its .gs has %zu bytes, which is room for %zu of its %u CPUs with %zu "
			"bytes each",
			gs->room, gs->room / gs->size, run->machine->cpu_count, gs->size);
	if (gs->variables_size && gs->size &&
	    !range_holds(0, gs->size, gs->variables_at, gs->variables_size))
		return error_set(
			&run->complaint, EINVAL,
			"its .gs has %zu bytes for each CPU, and variables of %zu bytes from "
			"%zu on",
			gs->size, gs->variables_size, gs->variables_at);
	for (unsigned int i = 0; i < run->machine->cpu_count; i++) {
		struct kvm_run *state = run->machine->cpus[i].vcpu.run;
		uint64_t area = (uint64_t)gs->area + i * gs->size;
		int err = copy_variables(run, area);

		if (err)
			return err;
		state->s.regs.sregs.gs.base = area;
		state->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
		run->machine->cpus[i].changed = true;
	}
	return 0;
}

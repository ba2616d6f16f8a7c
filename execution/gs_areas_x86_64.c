/* SPDX-License-Identifier: MIT */
/* GS base before a test starts: SDM vol. 3A, 3.4.4, IA32_GS_BASE. */
#include <errno.h>
#include "execution/gs_areas.h"

int gs_areas_begin(struct run *run)
{
	const struct r0_gs *gs = &run->job->options->gs;

	if (!gs->area)
		return 0;
	if (!gs->size && run->machine->cpu_count > 1)
		return error_set(
			&run->complaint, EINVAL,
			"it has .cpus and .gs, whose size is 0: each CPU has an area of its own");
	for (unsigned int i = 0; i < run->machine->cpu_count; i++) {
		struct kvm_run *state = run->machine->cpus[i].vcpu.run;

		state->s.regs.sregs.gs.base = (uint64_t)gs->area + i * gs->size;
		state->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
	}
	return 0;
}

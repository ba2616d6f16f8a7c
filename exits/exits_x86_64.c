/* SPDX-License-Identifier: MIT */
/* Exits that only x86 has: MSRs, and what KVM says of an event. */
#include <errno.h>
#include <inttypes.h>
#include "exits/doorbell.h"
#include "exits/exits_own.h"

/*
 * What internal.data[0] has of KVM_INTERNAL_ERROR_DELIVERY_EV: the event, if valid (SDM vol. 3C, 25.9.3).
 * kvm-amd, whose exit of that kind is always a nested page fault (APM vol. 2, appendix C), has the
 * address there instead.
 */
#define EVENT_VALID	(1u << 31)
#define EVENT_VECTOR	0xffu
#define EXIT_SVM_NESTED 0x400

/*
 * A declared MSR answers as declared. Another one is unknown to KVM: #GP, as on hardware, if the
 * test is prepared for it; if not, a failure that names it.
 */
static enum step msr_access(struct run *run)
{
	struct kvm_run *exit = run->cpu->vcpu.run;
	bool write = exit->exit_reason == KVM_EXIT_X86_WRMSR;
	uint64_t value = exit->msr.data;
	int err = mocks_msr(&run->mocks, exit->msr.index, write, &value, &run->complaint);

	exit->msr.error = 0;
	if (!err) {
		exit->msr.data = value;
		return STEP_ON;
	}
	if (err == -ENOENT && doorbell_expects(run, R0_GP)) {
		exit->msr.error = 1;
		return STEP_ON;
	}
	if (err == -ENOENT && write)
		error_set(&run->complaint, ENOENT,
			  "write of %#" PRIx64 " to MSR %#x, which nothing declares", value,
			  exit->msr.index);
	else if (err == -ENOENT)
		error_set(&run->complaint, ENOENT, "read of MSR %#x, which nothing declares",
			  exit->msr.index);
	return run_refuse(run);
}

/* The delivery of an event wants memory that is not there. KVM gives up where a CPU would try #DF. */
enum step exits_not_delivered(struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;
	uint64_t event = exit->internal.ndata > 0 ? exit->internal.data[0] : 0;
	uint64_t reason = exit->internal.ndata > 1 ? exit->internal.data[1] : 0;
	bool told = event & EVENT_VALID && reason != EXIT_SVM_NESTED;

	run_note_place(run, CRASH_UNDELIVERED);
	run->crash.vector = told ? (int)(event & EVENT_VECTOR) : -1;
	return run_end(run, END_TRIPLE_FAULT, NULL);
}

bool exits_serve_own(struct run *run, enum step *step)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;

	if (exit->exit_reason != KVM_EXIT_X86_RDMSR && exit->exit_reason != KVM_EXIT_X86_WRMSR)
		return false;
	*step = msr_access(run);
	return true;
}

/* SPDX-License-Identifier: MIT */
/* Exits that only arm64 has: accesses of which nobody knows what they were to read or write. */
#include <errno.h>
#include <inttypes.h>
#include "exits/exits_own.h"

/* ESR_EL2.ISS of a data abort: Arm ARM, D19.2.38. */
#define WNR (1u << 6)

enum step exits_not_delivered(struct run *run)
{
	return run_host_error(run, "KVM gave up on the delivery of an event", 0);
}

bool exits_serve_own(struct run *run, enum step *step)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;

	if (exit->exit_reason != KVM_EXIT_ARM_NISV)
		return false;
	error_set(
		&run->complaint, EPERM,
		"%s guest-physical %#" PRIx64
		" by an instruction of which the CPU does not tell what it does: a pair, one that writes "
		"its base back, an exclusive, atomic or SIMD one. Only plain loads and stores of one "
		"register reach what is no memory",
		exit->arm_nisv.esr_iss & WNR ? "write to" : "read from",
		(uint64_t)exit->arm_nisv.fault_ipa);
	*step = run_refuse(run);
	return true;
}

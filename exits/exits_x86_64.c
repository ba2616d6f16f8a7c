/* SPDX-License-Identifier: MIT */
/* Exits that only x86 has: port I/O, MSRs, and what the CPU says of an entry or an event. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "exits/doorbell.h"
#include "exits/exits_own.h"
#include "kvm/entry_failure_x86_64.h"
#include "machine/cpu.h"
#include "mock/hints.h"

/*
 * What internal.data[0] has of KVM_INTERNAL_ERROR_DELIVERY_EV: the event, if valid (SDM vol. 3C, 25.9.3).
 * kvm-amd, whose exit of that kind is always a nested page fault (APM vol. 2, appendix C), has the
 * address there instead.
 */
#define EVENT_VALID	(1u << 31)
#define EVENT_VECTOR	0xffu
#define EXIT_SVM_NESTED 0x400

static enum step port_io(struct run *run)
{
	struct kvm_run *exit = run->cpu->vcpu.run;
	uint8_t *data = (uint8_t *)exit + exit->io.data_offset;
	bool write = exit->io.direction == KVM_EXIT_IO_OUT;
	uint32_t i;
	int err;

	if (cpu_is_at_doorbell(run->cpu))
		return doorbell_serve(run);
	/* One exit carries all of a REP INS or OUTS that KVM takes at once. */
	for (i = 0; i < exit->io.count; i++, data += exit->io.size) {
		struct r0_access access = {
			.address = exit->io.port,
			.width = exit->io.size,
			.write = write,
		};

		if (write)
			memcpy(&access.value, data, exit->io.size);
		err = mocks_port(&run->mocks, &access, &run->complaint);
		if (err) {
			hints_of_access(run->job->options, &access, true, &run->complaint);
			return run_refuse(run);
		}
		if (!write)
			memcpy(data, &access.value, exit->io.size);
	}
	return STEP_ON;
}

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

enum step exits_serve_own(struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;

	switch (exit->exit_reason) {
	case KVM_EXIT_IO:
		return port_io(run);
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		return msr_access(run);
	case KVM_EXIT_SET_TPR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return STEP_ON;
	case KVM_EXIT_FAIL_ENTRY:
		entry_failure_describe(exit->fail_entry.hardware_entry_failure_reason,
				       &exit->s.regs, run->complaint.text,
				       sizeof(run->complaint.text));
		return run_machine_failed(run);
	}
	return run_host_error(run, "KVM left the VM for an unknown reason, %llu",
			      exit->exit_reason);
}

/* SPDX-License-Identifier: MIT */
/* What each exit of a vCPU leads to. */
#include "exits/exits.h"
#include <errno.h>
#include <string.h>
#include "exits/assistance.h"
#include "exits/exits_own.h"
#include "exits/memory_access.h"
#include "machine/cpu.h"
#include "run/interrupts.h"

static enum step memory_io(struct run *run)
{
	struct kvm_run *exit = run->cpu->vcpu.run;
	struct r0_access access = {
		.address = exit->mmio.phys_addr,
		.width = exit->mmio.len,
		.write = exit->mmio.is_write,
	};

	if (access.width > sizeof(exit->mmio.data))
		return run_host_error(run, "KVM reported an MMIO access of %llu bytes",
				      access.width);
	if (access.write)
		memcpy(&access.value, exit->mmio.data, access.width);
	if (memory_access(run, &access) != 0)
		return run_refuse(run);
	if (!access.write)
		memcpy(exit->mmio.data, &access.value, access.width);
	return STEP_ON;
}

/* An instruction that neither KVM nor ring0 can execute. */
static enum step give_up(struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;
	struct crash *crash = &run->crash;

	run_note_place(run, CRASH_INTERNAL);
	if (exit->emulation_failure.ndata > 1 &&
	    exit->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES) {
		crash->byte_count = exit->emulation_failure.insn_size;
		if (crash->byte_count > sizeof(crash->bytes))
			crash->byte_count = sizeof(crash->bytes);
		memcpy(crash->bytes, exit->emulation_failure.insn_bytes, crash->byte_count);
	} else {
		crash->byte_count = memory_read(&run->machine->memory, gva(cpu_pc(run->cpu)),
						crash->bytes, sizeof(crash->bytes));
	}
	return run_end(run, END_HOST_ERROR, "KVM cannot execute this instruction in ring 0 here");
}

static enum step internal_error(struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;

	if (exit->internal.suberror == KVM_INTERNAL_ERROR_DELIVERY_EV)
		return exits_not_delivered(run);
	if (exit->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return run_host_error(run,
				      "KVM gave up on this test (internal error, suberror %llu)",
				      exit->internal.suberror);
	switch (assistance_complete(run)) {
	case ASSISTANCE_COMPLETED:
		return STEP_ON;
	case ASSISTANCE_REFUSED:
		return run_refuse(run);
	case ASSISTANCE_SHUTDOWN:
		run_note_place(run, CRASH_TRIPLE_FAULT);
		return run_end(run, END_TRIPLE_FAULT, NULL);
	case ASSISTANCE_NONE:
		break;
	}
	return give_up(run);
}

static enum step serve_exit(struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;

	switch (exit->exit_reason) {
	case KVM_EXIT_MMIO:
		return memory_io(run);
	case KVM_EXIT_HLT:
		return run_halted(run);
	case KVM_EXIT_SHUTDOWN:
		run_note_place(run, CRASH_TRIPLE_FAULT);
		return run_end(run, END_TRIPLE_FAULT, NULL);
	case KVM_EXIT_INTERNAL_ERROR:
		return internal_error(run);
	case KVM_EXIT_DEBUG:
		if (!run->debugger || !run->debugger->ops->stopped)
			break;
		return run->debugger->ops->stopped(run->debugger->context, run);
	default:
		return exits_serve_own(run);
	}
	return run_host_error(run, "KVM left the VM for an unknown reason, %llu",
			      exit->exit_reason);
}

/* Whether the time is really over, or a signal only looked like it. */
static enum step interrupted(struct run *run)
{
	vcpu_clear_kick(&run->cpu->vcpu);
	if (atomic_load(&run->deadline->state) == DEADLINE_AHEAD)
		return run->machine->devices && interrupts_serve(run) ? run_halted(run) : STEP_ON;
	run_note_place(run, CRASH_TIMEOUT);
	return run_end(run, END_TIMEOUT, NULL);
}

static enum step run_failed(struct run *run, int err)
{
	if (err == -EFAULT) {
		run->complaint.text[0] = '\0';
		error_set(
			&run->complaint, EFAULT,
			"KVM_RUN found memory gone that the VM shows: the program unmapped one of its "
			"files, or a file was cut, while tests ran");
	}
	return run_host_error(run, "KVM_RUN failed", 0);
}

enum step exits_serve(struct run *run, int result)
{
	if (result == 0)
		return serve_exit(run);
	if (result == -EINTR)
		return interrupted(run);
	return run_failed(run, result);
}

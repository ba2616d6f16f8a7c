/* SPDX-License-Identifier: MIT */
/* What each exit of a vCPU leads to. */
#include "exits/exits.h"
#include <errno.h>
#include <string.h>
#include "exits/assistance.h"
#include "exits/doorbell.h"
#include "exits/exits_own.h"
#include "exits/traps.h"
#include "exits/unanswered.h"
#include "kvm/exit/exit.h"
#include "kvm/kvm.h"
#include "machine/cpu.h"
#include "run/alarm.h"
#include "run/interrupts.h"

/* By a device, which has said why, or for want of one. */
static enum step refused(struct run *run)
{
	if (run->machine->bus.unhandled_count)
		unanswered_describe(run);
	return run_refuse(run);
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

static enum step shut_down(struct run *run)
{
	run_note_place(run, CRASH_TRIPLE_FAULT);
	return run_end(run, END_TRIPLE_FAULT, NULL);
}

/* By firmware that KVM is: PSCI. */
static enum step turned_off(struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;

	error_set(&run->complaint, EPERM, "it %s the machine%s",
		  exit->system_event.type == KVM_SYSTEM_EVENT_RESET ? "reset" : "turned",
		  exit->system_event.type == KVM_SYSTEM_EVENT_RESET ? "" : " off");
	return run_refuse(run);
}

static enum step internal_error(struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;
	enum step step;

	if (exit->internal.suberror == KVM_INTERNAL_ERROR_DELIVERY_EV)
		return exits_not_delivered(run);
	if (exit->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return run_host_error(run,
				      "KVM gave up on this test (internal error, suberror %llu)",
				      exit->internal.suberror);
	/* Where KVM's emulator does not know INT3. */
	if (traps_serve(run, &step))
		return step;
	switch (assistance_complete(run)) {
	case ASSISTANCE_COMPLETED:
		return STEP_ON;
	case ASSISTANCE_REFUSED:
		return refused(run);
	case ASSISTANCE_SHUTDOWN:
		return shut_down(run);
	case ASSISTANCE_NONE:
		break;
	}
	return give_up(run);
}

static enum step debug_event(struct run *run)
{
	return run->debugger->ops->stopped(run->debugger->context, run);
}

static enum step serve_exit(struct run *run)
{
	const struct machine *machine = run->machine;
	struct kvm_run *kvm_run = run->cpu->vcpu.run;
	struct exit exit;
	enum step step;

	if (cpu_is_at_doorbell(run->cpu))
		return doorbell_serve(run);
	if (kvm_run->exit_reason == KVM_EXIT_IO && traps_serve(run, &step))
		return step;
	exit = exit_classify(kvm_run, machine->template->kvm->run_size, &run->machine->bus);
	switch (exit.outcome) {
	case EXIT_CONTINUE:
		return STEP_ON;
	case EXIT_REFUSED:
		return refused(run);
	case EXIT_HALTED:
		return run_halted(run);
	case EXIT_DEBUG:
		if (run->debugger && run->debugger->ops->stopped)
			return debug_event(run);
		if (traps_serve(run, &step))
			return step;
		break;
	case EXIT_SHUTDOWN:
		if (kvm_run->exit_reason == KVM_EXIT_SHUTDOWN)
			return shut_down(run);
		return turned_off(run);
	case EXIT_FATAL:
		if (kvm_run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
			return internal_error(run);
		if (exits_serve_own(run, &step))
			return step;
		break;
	case EXIT_NONE:
		if (!exit.has_reason)
			return STEP_ON;
		if (exits_serve_own(run, &step))
			return step;
		break;
	}
	exit_describe(kvm_run, &exit, run->complaint.text, sizeof(run->complaint.text));
	return run_machine_failed(run);
}

/* A device whose registers were written may have something else to do, or at another time. */
static void note_change(struct run *run)
{
	run->machine->bus.changed = false;
	if (run->machine->devices)
		alarm_set(run);
}

/* Whether the time is really over, or a signal only looked like it. */
static enum step interrupted(struct run *run)
{
	vcpu_clear_kick(&run->cpu->vcpu);
	if (atomic_load(&run->deadline->state) == DEADLINE_AHEAD)
		return run->machine->halts_inside && interrupts_serve(run) ? run_halted(run) :
									     STEP_ON;
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
	if (result == 0) {
		enum step step = serve_exit(run);

		if (run->machine->bus.changed)
			note_change(run);
		return step;
	}
	if (result == -EINTR)
		return interrupted(run);
	return run_failed(run, result);
}

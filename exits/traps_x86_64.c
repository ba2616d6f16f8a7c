/* SPDX-License-Identifier: MIT */
/*
 * KVM intercepts #BP for whoever debugs a guest (SDM vol. 3C, 25.6.3; APM vol. 2, 15.12.4), and ports always (25.6.4;
 * 15.10).
 */
#include "exits/traps.h"
#include <errno.h>
#include <stdatomic.h>
#include <ring0/private/traps.h>

#define FOLLOWS (KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP)

static int arm(struct run *run, struct vcpu *vcpu, uint32_t control)
{
	struct kvm_guest_debug debug = { .control = control };
	int err = KVM_IOCTL(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug, &run->complaint);

	return err < 0 ? err : 0;
}

/* The process's answer, and 1; 0 before it is known. */
static _Atomic(int) known;

static bool is_told(const struct kvm_run *exit)
{
	return (exit->exit_reason == KVM_EXIT_DEBUG && exit->debug.arch.exception == R0_BP) ||
	       (exit->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
		exit->internal.suberror == KVM_INTERNAL_ERROR_EMULATION);
}

/* Not all do: emulators of CPUs whose KVM is another's guest. On a pristine machine, which is pristine again. */
static int find_out(struct run *run, bool *hands_over)
{
	struct vcpu *vcpu = &run->machine->cpus[0].vcpu;
	int answer = atomic_load(&known) - 1;
	bool has_run;

	if (answer < 0) {
		vcpu->run->s.regs.regs.rip = (uint64_t)r0_trap_probe;
		vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
		vcpu_complete(vcpu);
		has_run = arm(run, vcpu, FOLLOWS) == 0 && vcpu_run(vcpu, NULL) == 0;
		answer = has_run && is_told(vcpu->run);
		arm(run, vcpu, 0);
		vcpu_complete(vcpu);
		if (has_run)
			atomic_store(&known, answer + 1);
		if (machine_reset(run->machine, &run->complaint)) {
			run->unusable = true;
			return -EIO;
		}
	}
	*hands_over = answer;
	return 0;
}

int traps_begin(struct run *run)
{
	const struct r0_replacements *replaced = &run->job->options->replace;
	const struct replace *replace = run->machine->template->replace;
	bool hands_over = false;
	int err = 0;

	if (!replace_trapped(replace, replaced, SIZE_MAX))
		return 0;
	if (!run->debugger)
		err = find_out(run, &hands_over);
	if (err)
		return err;
	run->has_traps = true;
	run->trap = hands_over ? PATCH_BREAKPOINT : PATCH_PORT;
	if (!hands_over && run->machine->devices && replace_trapped(replace, replaced, 1))
		return error_set(
			&run->complaint, EINVAL,
			"%s() can't be replaced: it is one byte long, for which KVM would "
			"have to hand over INT3s, and it does not, or a debugger or .watch "
			"takes them; or the test would have to do without .irqchip",
			replace_trapped(replace, replaced, 1));
	for (unsigned int i = 0; hands_over && i < run->machine->cpu_count && !err; i++)
		err = arm(run, &run->machine->cpus[i].vcpu, FOLLOWS);
	return err;
}

void traps_end(struct run *run)
{
	bool armed = run->has_traps && run->trap == PATCH_BREAKPOINT;

	for (unsigned int i = 0; armed && i < run->machine->cpu_count; i++)
		arm(run, &run->machine->cpus[i].vcpu, 0);
	run->has_traps = false;
}

static bool may_be_trap(const struct run *run, const struct kvm_run *exit)
{
	if (run->trap == PATCH_PORT)
		return exit->exit_reason == KVM_EXIT_IO;
	return exit->exit_reason == KVM_EXIT_DEBUG || exit->exit_reason == KVM_EXIT_INTERNAL_ERROR;
}

/* Where what replaces the function is, if that was its trap; else 0. KVM's emulator leaves RIP behind an OUT. */
static uint64_t follow(const struct run *run, const struct kvm_run *exit)
{
	const struct template *template = run->machine->template;
	const struct r0_replacements *replaced = &run->job->options->replace;
	const bool is_debug = exit->exit_reason == KVM_EXIT_DEBUG;
	const uint64_t at = is_debug ? exit->debug.arch.pc : exit->s.regs.regs.rip;
	const uint64_t by = replace_follow(template->replace, replaced, at, false);

	if (by || exit->exit_reason != KVM_EXIT_IO || !template->software)
		return by;
	return replace_follow(template->replace, replaced, at, true);
}

bool traps_serve(struct run *run, enum step *step)
{
	struct vcpu *vcpu = &run->cpu->vcpu;
	struct kvm_run *exit = vcpu->run;
	uint64_t by;

	if (!run->has_traps || !may_be_trap(run, exit))
		return false;
	by = follow(run, exit);
	*step = STEP_ON;
	/* Of an OUT at another RIP KVM completes nothing. */
	if (by) {
		exit->s.regs.regs.rip = by;
		exit->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
		return true;
	}
	if (exit->exit_reason != KVM_EXIT_DEBUG || exit->debug.arch.exception != R0_BP)
		return false;
	if (arm(run, vcpu, FOLLOWS | KVM_GUESTDBG_INJECT_BP))
		*step = run_host_error(run, "a breakpoint can't be handed to the test", 0);
	return true;
}

/* SPDX-License-Identifier: MIT */
/* Watched variables on x86: by the CPU's watchpoints where KVM's fire, which is after the store, or by single steps. */
#include <errno.h>
#include <ring0/x86/registers.h>
#include "execution/watch_probe.h"
#include "execution/watched_variables_own.h"

int watched_variables_own_choose(struct run *run, struct watched_variables *watchpoints,
				 bool enough)
{
	int answer;

	if (!enough) {
		watchpoints->why = "more than the CPU's four watchpoints";
		watchpoints->by_steps = true;
		return 0;
	}
	answer = watch_probe_machine(run->machine, &run->complaint);
	if (answer < 0) {
		run->unusable = true;
		return answer;
	}
	watchpoints->by_steps = answer != WATCH_FIRES;
	watchpoints->why = answer == WATCH_NEVER_FIRES ?
				   "this KVM takes watchpoints that never fire" :
			   answer == WATCH_REFUSED ? "this KVM takes no watchpoints" :
						     "whether this KVM's watchpoints fire could "
						     "not be seen";
	return 0;
}

static struct watched_place place_at(const struct run *run, const struct kvm_regs *regs, bool after)
{
	return (struct watched_place){
		.regs = regs,
		.sregs = run->stepping.on ? &run->stepping.sregs :
					    &run->cpu->vcpu.run->s.regs.sregs,
		.pc = regs->rip,
		.sp = regs->rsp,
		.fp = regs->rbp,
		.after = after,
	};
}

static void compare(struct watched_variables *watchpoints, const struct run *run,
		    const struct kvm_regs *regs)
{
	const struct watched_place place = place_at(run, regs, false);

	watched_variables_compare(watchpoints, run, &place);
}

/* `flags` are KVM_GUESTDBG_… besides. */
static int arm(const struct watched_variables *watchpoints, struct run *run, uint32_t flags)
{
	struct kvm_guest_debug debug;

	watch_encode(&watchpoints->set, watchpoints->slots, false, &debug);
	debug.control |= flags;
	return KVM_IOCTL(run->cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &debug, &run->complaint);
}

static enum step start(void *context, struct run *run)
{
	struct watched_variables *watchpoints = context;
	int err = watchpoints->by_steps ? stepping_begin(run) : arm(watchpoints, run, 0);

	return err < 0 ? run_end(run, END_HOST_ERROR, "the test's variables can't be watched") :
			 STEP_ON;
}

/*
 * Who debugs a guest is given its #DBs, too, which are by its single steps and INT1, as its
 * breakpoints are not in force: hand it back, with what the CPU says of it in DR6.
 */
static int hand_back(const struct watched_variables *watchpoints, struct run *run)
{
	struct vcpu *vcpu = &run->cpu->vcpu;
	struct kvm_debugregs debugregs;
	int err = KVM_IOCTL(vcpu->fd, KVM_GET_DEBUGREGS, &debugregs, &run->complaint);

	debugregs.dr6 |= vcpu->run->debug.arch.dr6 & R0_DR6_BS;
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_DEBUGREGS, &debugregs, &run->complaint);
	return err < 0 ? err : arm(watchpoints, run, KVM_GUESTDBG_INJECT_DB);
}

/* By the CPU: the store is done, and RIP behind it. Returns whether the stop was for that alone. */
static bool note_hits(struct watched_variables *watchpoints, const struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;
	unsigned int hits =
		watch_decode(&watchpoints->set, watchpoints->slots, &exit->debug.arch).hits;
	const struct watched_place place = place_at(run, &exit->s.regs.regs, true);

	watched_variables_note_hits(watchpoints, hits, run, &place);
	return hits && !(exit->debug.arch.dr6 & R0_DR6_BS);
}

static enum step step_on(struct watched_variables *watchpoints, struct run *run)
{
	int err;

	compare(watchpoints, run, &run->stepping.regs);
	err = stepping_next(run);
	if (!err)
		return STEP_ON;
	return run_end(run, END_HOST_ERROR,
		       err == -EBUSY ? "a breakpoint that the test set was hit; while .watch "
				       "goes by single steps, it can have none" :
				       "KVM does not go on by single steps");
}

static enum step stopped(void *context, struct run *run)
{
	struct watched_variables *watchpoints = context;

	if (watchpoints->by_steps)
		return step_on(watchpoints, run);
	if (note_hits(watchpoints, run) || hand_back(watchpoints, run) >= 0)
		return STEP_ON;
	return run_end(run, END_HOST_ERROR, "the test's own #DB can't be handed back to it");
}

static enum step served(void *context, struct run *run)
{
	struct watched_variables *watchpoints = context;

	if (!watchpoints->by_steps) {
		/* What assist/ writes, no watchpoint sees. */
		if (run->cpu->vcpu.run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
			compare(watchpoints, run, &run->assisted_regs);
		return STEP_ON;
	}
	return step_on(watchpoints, run);
}

static void finish(void *context, struct run *run)
{
	struct kvm_guest_debug none = { 0 };
	struct watched_variables *watchpoints = context;

	if (watchpoints->by_steps) {
		compare(watchpoints, run, &run->stepping.regs);
		stepping_end(run);
		return;
	}
	KVM_IOCTL(run->cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &none, NULL);
	watched_variables_note_missed(watchpoints);
}

const struct debugger_ops watched_variables_own_ops = {
	.start = start,
	.stopped = stopped,
	.served = served,
	.finish = finish,
};

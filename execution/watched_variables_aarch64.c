/* SPDX-License-Identifier: MIT */
/*
 * Watched variables on arm64: by the CPU's watchpoints, which fire before the store. That is then stepped over with
 * what it hit out of its way. Arm ARM (DDI 0487), D2.10; Documentation/virt/kvm/api.rst, KVM_SET_GUEST_DEBUG.
 */
#include <errno.h>
#include <string.h>
#include <ring0/private/abi.h>
#include "execution/watched_variables_own.h"
#include "kvm/vcpu/vcpu_aarch64.h"
#include "kvm/watch/store_aarch64.h"
#include "machine/cpu.h"

/* PSTATE, C5.2.19: the exception level, and whether the stack pointer is its own. */
#define PSTATE_LEVEL 0xcul
#define PSTATE_SP    1ul

int watched_variables_own_choose(struct run *run, struct watched_variables *watchpoints,
				 bool enough)
{
	const struct kvm *kvm = run->machine->template->kvm;
	int there = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_DEBUG_HW_WPS);
	int needed = __builtin_popcount(watchpoints->slots);

	if (!enough)
		return error_set(
			&run->complaint, EINVAL,
			".watch: it takes more than %d watchpoints of the CPU, each of which "
			"is 1, 2, 4 or 8 bytes at a multiple of that",
			WATCH_SLOTS);
	if (there < needed)
		return error_set(&run->complaint, ENOTSUP,
				 ".watch: it takes %d watchpoints, and this KVM has %d", needed,
				 there > 0 ? there : 0);
	return 0;
}

static struct watched_place place_at(const struct run *run, const struct kvm_regs *regs)
{
	const uint64_t mode = regs->regs.pstate;

	return (struct watched_place){
		.regs = regs,
		.sregs = &run->sregs,
		.pc = regs->regs.pc,
		.sp = mode & PSTATE_LEVEL && mode & PSTATE_SP ? regs->sp_el1 : regs->regs.sp,
		.fp = regs->regs.regs[29],
	};
}

static enum step failed(struct run *run)
{
	return run_end(run, END_HOST_ERROR, run->complaint.text);
}

static int set_debug(struct run *run, struct kvm_guest_debug *debug)
{
	int err = KVM_IOCTL(run->cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, debug, &run->complaint);

	return err < 0 ? err : 0;
}

/* Watch all but what is suspended, which is for one step; and the load of an exclusive that has failed. */
static int arm(const struct watched_variables *watchpoints, struct run *run)
{
	struct kvm_guest_debug debug;

	watch_encode(&watchpoints->set, watchpoints->slots & ~watchpoints->suspended,
		     watchpoints->suspended, &debug);
	if (watchpoints->load && !watchpoints->suspended)
		store_stop_at(watchpoints->load, &debug);
	return set_debug(run, &debug);
}

/*
 * A debug exception takes the reservation that the exclusive needs (Arm ARM, B2.9.5), so that nothing may come between
 * it and the load before it. It runs to the next instruction, and fails. When its loop comes to the load again, nothing
 * is watched until it is through, or given up.
 */
static int arm_behind_exclusive(const struct watched_variables *watchpoints, struct run *run)
{
	struct kvm_guest_debug debug = { 0 };

	store_stop_behind(watchpoints->store.regs.pc, &debug);
	return set_debug(run, &debug);
}

static enum step start(void *context, struct run *run)
{
	return arm(context, run) < 0 ? failed(run) : STEP_ON;
}

static uint32_t instruction_at(void *context, uint64_t pc)
{
	const struct run *run = context;
	uint32_t instruction = 0;

	memory_read(&run->machine->memory, gva(pc), &instruction, sizeof(instruction));
	return instruction;
}

static bool stores_exclusively(const struct watched_variables *watchpoints, struct run *run)
{
	return store_is_exclusive(instruction_at(run, watchpoints->store.regs.pc));
}

/* The store is done, or given up, by an interrupt before it or an exception of its own. */
static int end_store(struct watched_variables *watchpoints, struct run *run, bool done)
{
	const struct watched_place place = place_at(run, &watchpoints->store);

	if (done)
		watched_variables_note_hits(watchpoints, watchpoints->hits, run, &place);
	watchpoints->hits = watchpoints->suspended = 0;
	watchpoints->exclusive = false;
	return arm(watchpoints, run);
}

/* Behind an exclusive, or where loops go that give it up. */
static int leave_exclusive(struct watched_variables *watchpoints, struct run *run)
{
	const uint64_t at = watchpoints->store.regs.pc;
	const bool passed = cpu_pc(run->cpu) == at + STORE_INSTRUCTION_LENGTH;
	const bool stored = passed && store_has_stored(&run->cpu->vcpu, instruction_at(run, at));

	watchpoints->load = passed && !stored ? store_find_load(at, instruction_at, run) : 0;
	watchpoints->again = at;
	return end_store(watchpoints, run, stored);
}

/* Before the load of one that has failed, of which it is to be the store, or another's. */
static int begin_anew(struct watched_variables *watchpoints, struct run *run)
{
	const uint32_t instruction = instruction_at(run, watchpoints->load);

	watchpoints->hits = store_slots_of_load(&run->cpu->vcpu, instruction, &watchpoints->set,
						watchpoints->slots);
	watchpoints->load = 0;
	if (!watchpoints->hits)
		return arm(watchpoints, run);
	watchpoints->suspended = watchpoints->hits;
	watchpoints->store = cpu_registers(run->cpu);
	watchpoints->store.regs.pc = watchpoints->again;
	watchpoints->exclusive = true;
	return arm_behind_exclusive(watchpoints, run);
}

/* Before the store, or, while it is stepped over, before it writes to what else is watched. */
static int begin_store(struct watched_variables *watchpoints, struct run *run,
		       const struct watch_event *event)
{
	if (!watchpoints->suspended)
		watchpoints->store = cpu_registers(run->cpu);
	watchpoints->hits |= event->hits;
	watchpoints->suspended |= event->suspend;
	watchpoints->exclusive = stores_exclusively(watchpoints, run);
	return watchpoints->exclusive ? arm_behind_exclusive(watchpoints, run) :
					arm(watchpoints, run);
}

static enum step stopped(void *context, struct run *run)
{
	struct watched_variables *watchpoints = context;
	const struct kvm_debug_exit_arch *exit = &run->cpu->vcpu.run->debug.arch;
	const struct watch_event event =
		watch_decode(&watchpoints->set, watchpoints->slots & ~watchpoints->suspended, exit);
	int err = 0;

	if (STORE_CLASS(exit->hsr) == STORE_CLASS_BRK)
		err = store_deliver_brk(&run->cpu->vcpu, exit->hsr, &run->complaint);
	else if (watchpoints->exclusive)
		err = leave_exclusive(watchpoints, run);
	else if (STORE_CLASS(exit->hsr) == STORE_CLASS_BREAKPOINT && watchpoints->load)
		err = begin_anew(watchpoints, run);
	else if (event.suspend)
		err = begin_store(watchpoints, run, &event);
	else if (event.stepped)
		err = end_store(watchpoints, run,
				cpu_pc(run->cpu) ==
					watchpoints->store.regs.pc + STORE_INSTRUCTION_LENGTH);
	else
		err = error_set(&run->complaint, EIO,
				"a debug exception that .watch knows nothing of, of class %#x",
				(unsigned int)STORE_CLASS(exit->hsr));
	return err < 0 ? failed(run) : STEP_ON;
}

static void finish(void *context, struct run *run)
{
	struct kvm_guest_debug none = { 0 };

	KVM_IOCTL(run->cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &none, NULL);
	watched_variables_note_missed(context);
}

const struct debugger_ops watched_variables_own_ops = {
	.start = start,
	.stopped = stopped,
	.finish = finish,
};

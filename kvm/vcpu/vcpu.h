/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU: running it, interrupting it from another thread, and its whole state, saved and
 * put back. What an exit means is for the caller to say, from vcpu->run.
 */
#ifndef KVM_VCPU_VCPU_H
#define KVM_VCPU_VCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include "kvm/vm/vm.h"

struct vcpu {
	struct vm *vm; /* not owned */
	int fd;
	struct kvm_run *run;
	pid_t thread;	      /* that runs it; set by vcpu_run(), 0 before */
	struct vcpu_own *own; /* what the architecture keeps of it */
	timer_t alarm;	      /* once there was one */
	bool has_alarm, alarm_is_set;
};

/* What a CPU is to say of itself, of the architecture: kvm/vcpu/vcpu_x86_64.h. */
struct vcpu_identity;

/*
 * Make a vCPU that is what KVM supports, the id-th of its VM, changed by `identity` (which may be
 * NULL). Returns 0 or -errno. vcpu_finish() releases it.
 */
int vcpu_init(struct vcpu *vcpu, struct vm *vm, uint32_t id, const struct vcpu_identity *identity,
	      struct error *error);
void vcpu_finish(struct vcpu *vcpu);

/*
 * Have the calling thread ready to run vCPUs: blocks every signal in it, so that the signal of
 * vcpu_kick() only ever interrupts KVM_RUN and no handler need be installed. A thread that does
 * nothing else is expected.
 */
void vcpu_prepare_thread(void);

/*
 * Run until the next exit, which is in vcpu->run, with the registers in vcpu->run->s.regs.
 * Registers that are marked in run->kvm_dirty_regs are set first. Returns 0; -EINTR after
 * vcpu_kick(); another -errno with a message.
 */
int vcpu_run(struct vcpu *vcpu, struct error *error);

/*
 * Finish an instruction that left the VM half-way (an IN, reads from MMIO), whatever it gets to
 * read, without running another, so that registers can be set (Documentation/virt/kvm/api.rst,
 * KVM_RUN: pending operations are completed by re-entry, with immediate_exit). Registers marked in
 * run->kvm_dirty_regs are set. Returns false if the vCPU can't be brought to rest.
 */
bool vcpu_complete(struct vcpu *vcpu);

/* From another thread: have a present or coming vcpu_run() return -EINTR, as soon as KVM can. */
void vcpu_kick(struct vcpu *vcpu);

/*
 * In the vCPU's thread, the same each time: have a present or coming vcpu_run() return -EINTR at that
 * time of the monotonic clock, in nanoseconds, or 0 for none. Takes the place of the one before.
 * Returns 0 or -errno.
 */
int vcpu_set_alarm(struct vcpu *vcpu, uint64_t when_ns, struct error *error);

/*
 * In the thread that is to run it, after vcpu_complete(): have KVM do what it keeps for the next entry, without
 * running an instruction. What is to end a HLT has, and the vCPU is runnable. Returns 0 if that led to an exit, as
 * the end of an interrupt does with split interrupt controllers: then there may be more. -EINTR if nothing is left;
 * or another -errno with a message. Registers marked in run->kvm_dirty_regs are set.
 */
int vcpu_settle(struct vcpu *vcpu, struct error *error);

/* In the vCPU's thread: forget kicks and alarms that came. */
void vcpu_clear_kick(struct vcpu *vcpu);

/*
 * Whole state but memory, with the local APIC where KVM has one. vcpu_state_create() takes it from a
 * vCPU, to be put back many times.
 */
struct vcpu_state;
int vcpu_state_create(struct vcpu_state **state, struct vcpu *vcpu, struct error *error);
void vcpu_state_destroy(struct vcpu_state *state);

/*
 * Have a vCPU be in a state over which any other can be put back: out of a nested guest and of VMX
 * operation, with no debug exception pending. `watched`: a debugger or a watch of the host's was on. Its
 * registers are garbage after that. Returns 0 or -errno.
 */
int vcpu_state_clear(struct vcpu *vcpu, bool watched, struct error *error);

/*
 * After everything else was put back, memory too: what a hypervisor in the guest had, and the general
 * registers and events once more. Returns 0 or -errno.
 */
int vcpu_state_restore_nested(const struct vcpu_state *state, struct vcpu *vcpu,
			      struct error *error);

/*
 * Put the state back. General and system registers and events go in with the next vcpu_run().
 * Returns 0 or -errno.
 */
int vcpu_state_restore(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error);

/*
 * The same of a vCPU whose state this is and whose registers are as of its last exit: what is found to be as
 * it was is not written. Returns 0 or -errno.
 */
int vcpu_state_restore_changes(const struct vcpu_state *state, struct vcpu *vcpu,
			       struct error *error);

/*
 * Whether a vCPU that has not run since it was put back is still so, whatever other CPUs have sent to it: 1,
 * 0 if it may not be, or -errno.
 */
int vcpu_state_holds(const struct vcpu_state *state, const struct vcpu *vcpu, struct error *error);

/*
 * The same as vcpu_state_restore(), but of a vCPU that was stopped by its own OUT or store and has nothing else changed
 * that comes with an exit: the general registers alone. What stays is FPU, debug registers, XCR0 and MSRs. Where that
 * can't be known, all is put back. Returns 0 or -errno.
 */
int vcpu_state_restore_lightly(const struct vcpu_state *state, struct vcpu *vcpu,
			       struct error *error);

/* For a VM that the state was not taken from: vm_state_continue() says by how much. */
void vcpu_state_shift_tsc(struct vcpu_state *state, uint64_t shift);

/*
 * Put the clock where the state has it, before vcpu_state_restore(), which leaves it to run. Returns 0 or
 * -errno.
 */
int vcpu_state_restore_tsc(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error);

/*
 * Compare the vCPU with the state, all of it but its clocks: 1 and what differs, as text; 0; or
 * -errno. Slow: for checking the reset itself.
 */
int vcpu_state_differs(const struct vcpu_state *state, struct vcpu *vcpu, char *what, size_t size,
		       struct error *error);

#endif /* KVM_VCPU_VCPU_H */

/* SPDX-License-Identifier: MIT */
/*
 * Running a test by single steps: an exit after each instruction, in handlers and in user mode as well.
 * For debuggers, see debugger.h.
 */
#ifndef RUN_STEPPING_H
#define RUN_STEPPING_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/kvm.h>

struct run;
struct r0_frame;

/* Of one run. All zero while it runs freely. */
struct stepping {
	bool on;
	struct kvm_regs regs; /* at the last stop: before the instruction that runs next */
	struct kvm_sregs sregs;
	uint64_t after_push; /* where that instruction ends, if it pushes the flags; or 0 */
	bool user;	     /* the stop came as an exception in user mode */
};

/* From debugger_ops.start() on, of run->cpu as all here; also anew, after registers were set. Returns 0 or -errno. */
int stepping_begin(struct run *run);

/*
 * After a debug exit, and after any other exit that was served: notes the registers, and has the
 * vCPU stop again after its next instruction. KVM forgets about it where registers are set, and the
 * CPU where flags are popped. Returns 0; -EBUSY if it stopped at a breakpoint that the test set, from
 * where there is no way on; another -errno.
 */
int stepping_next(struct run *run);

/* Step no more. */
void stepping_end(struct run *run);

/*
 * The runtime tells of an exception while the test is stepped. Returns whether it was the step
 * itself: the interrupted code, in user mode, is then to go on as if nothing had been.
 */
bool stepping_exception(struct run *run, uint64_t frame);

/* The registers in a frame as the runtime's entry code makes it; the others are zero. */
struct kvm_regs stepping_frame_registers(const struct r0_frame *frame);

#endif /* RUN_STEPPING_H */

/* SPDX-License-Identifier: MIT */
/*
 * Where a debugger takes part in a run: before the first instruction, at each debug exit, and
 * before the vCPU goes on after any other exit. Watchpoints, the search for a triple fault's place
 * and tests use it; a GDB stub would. See run.h for what it sees.
 */
#ifndef RUN_DEBUGGER_H
#define RUN_DEBUGGER_H

#include "base/step.h"

struct run;

/*
 * Called from the vCPU's thread while it is out of KVM_RUN, on a machine with one CPU. Registers are
 * those in run->cpu->vcpu.run->s.regs; what is changed there is to be marked in kvm_dirty_regs. STEP_ON
 * lets the test run on; STEP_END ends it, for which run_end() can say how. What takes long counts
 * against the test's time limit. Each may be NULL.
 */
struct debugger_ops {
	/* Before the first instruction, whose address is in RIP: KVM has the registers. */
	enum step (*start)(void *context, struct run *run);
	/* At KVM_EXIT_DEBUG, which vcpu.run->debug.arch explains. */
	enum step (*stopped)(void *context, struct run *run);
	/* Another exit has been served. */
	enum step (*served)(void *context, struct run *run);
	/* The run is over, in whatever way: no debugging is to be left armed in KVM. */
	void (*finish)(void *context, struct run *run);
};

struct debugger {
	const struct debugger_ops *ops;
	void *context;
};

#endif /* RUN_DEBUGGER_H */

/* SPDX-License-Identifier: MIT */
/*
 * Where a debugger takes part in a run: before the first instruction, at each debug exit, and
 * before the vCPU goes on after any other exit. Watchpoints, the search for a triple fault's place,
 * gdb and tests use it. See run.h for what it sees.
 */
#ifndef RUN_DEBUGGER_H
#define RUN_DEBUGGER_H

#include <stdbool.h>
#include "base/error.h"
#include "base/step.h"

struct run;

/*
 * Called from the vCPU's thread while it is out of KVM_RUN. On a machine with several CPUs a debugger that takes part
 * in those has enter(), stopped() and finish() called, under the lock that is held while an exit is served. Registers are
 * those in run->cpu->vcpu.run->s.regs; what is changed there is to be marked in kvm_dirty_regs. STEP_ON
 * lets the test run on; STEP_END ends it, for which run_end() can say how. What takes long counts
 * against the test's time limit, but for what the deadline is told of. Each may be NULL.
 */
struct debugger_ops {
	bool several; /* takes part on machines with several CPUs, too */
	/* On a pristine machine, which may be run and reset: find out what KVM can do. Returns 0 or -errno. */
	int (*prepare)(void *context, struct run *run);
	/* Before the first instruction, whose address is in RIP: KVM has the registers. */
	enum step (*start)(void *context, struct run *run);
	/* At KVM_EXIT_DEBUG, which vcpu.run->debug.arch explains. */
	enum step (*stopped)(void *context, struct run *run);
	/* Another exit has been served. */
	enum step (*served)(void *context, struct run *run);
	/* Before each KVM_RUN of run->cpu. */
	enum step (*enter)(void *context, struct run *run);
	/* The run is over, in whatever way: no debugging is to be left armed in KVM. */
	void (*finish)(void *context, struct run *run);
	/* After that, with how it ended known, and before the machine is reset. */
	void (*ended)(void *context, struct run *run);
};

struct debugger {
	const struct debugger_ops *ops;
	void *context;
};

#endif /* RUN_DEBUGGER_H */

/* SPDX-License-Identifier: MIT */
/* A triple fault's place, found by a second run. */
#include "execution/replay.h"
#include "base/clock.h"
#include "execution/begin.h"
#include "execution/drive.h"
#include "execution/find_triple_fault.h"

/* How long the search for a triple fault's place may take. */
#define REPLAY_NS 2000000000ull

void replay(struct execution *run)
{
	struct search search = { .until = clock_ns() + REPLAY_NS };
	const struct debugger debugger = { .ops = &search_ops, .context = &search };
	struct execution again = {
		.machine = run->machine,
		.job = run->job,
		.deadline = run->deadline,
		.debugger = &debugger,
		.replays = true,
	};

	atomic_store(&run->deadline->kick_at, search.until);
	vcpu_complete(&run->cpu->vcpu);
	if (machine_reset(run->machine, NULL) == 0 && execution_begin(&again) == 0)
		drive(&again);
	if (again.ending.how == END_TRIPLE_FAULT && again.stepping.regs.rip) {
		run->regs = again.stepping.regs;
		run->sregs = again.stepping.sregs;
		run->fault_address = again.stepping.sregs.cr2;
		run->crash.lost_registers = false;
	}
	atomic_store(&run->deadline->kick_at, 0);
	run->unusable |= again.unusable;
	execution_finish(&again);
}

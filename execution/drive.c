/* SPDX-License-Identifier: MIT */
/* From a run's first KVM_RUN to its end. */
#include "execution/drive.h"
#include "exits/exits.h"
#include "run/cpus.h"

static bool was_debug_exit(const struct run *run, int err)
{
	return err == 0 && run->cpu->vcpu.run->exit_reason == KVM_EXIT_DEBUG;
}

static enum step debugger_start(struct run *run)
{
	/* What the first KVM_RUN would set is set now: KVM arms by the registers that it has. */
	vcpu_complete(&run->cpu->vcpu);
	if (!run->debugger->ops->start)
		return STEP_ON;
	return run->debugger->ops->start(run->debugger->context, run);
}

void drive(struct run *run)
{
	const struct debugger *debugger = run->debugger;
	enum step step;

	if (run->cpus) {
		cpus_drive(run, exits_serve);
		goto finish;
	}
	step = debugger ? debugger_start(run) : STEP_ON;
	while (step == STEP_ON) {
		int err;

		if (debugger && debugger->ops->enter) {
			step = debugger->ops->enter(debugger->context, run);
			if (step == STEP_END)
				break;
		}
		err = vcpu_run(&run->cpu->vcpu, &run->complaint);
		step = exits_serve(run, err);
		if (debugger && debugger->ops->served && step == STEP_ON &&
		    !was_debug_exit(run, err))
			step = debugger->ops->served(debugger->context, run);
	}
finish:
	if (debugger && debugger->ops->finish)
		debugger->ops->finish(debugger->context, run);
}

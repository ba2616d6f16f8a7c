/* SPDX-License-Identifier: MIT */
/* The life of a vCPU's thread. */
#include "monitor/cpu_loop.h"
#include <errno.h>
#include "base/step.h"

/* More exits than one instruction takes to finish: FXRSTOR from MMIO reads 512 bytes, 8 at a time. */
#define DRAIN_LIMIT 1024

static enum step end(struct cpu_loop_result *result, enum cpu_loop_end how)
{
	result->end = how;
	return STEP_END;
}

/*
 * What an exit leads to. One that is not known ends the vCPU: nobody has done what it asked for, and
 * to run on would give the guest something else than it expects, as a rule without end.
 */
static enum step serve(struct cpu_loop *loop, struct cpu_loop_result *result, struct error *error)
{
	result->exit = loop->ops->serve(loop->context, error);
	switch (result->exit.outcome) {
	case EXIT_SHUTDOWN:
		return end(result, CPU_LOOP_SHUTDOWN);
	case EXIT_REFUSED:
	case EXIT_FATAL:
		return end(result, CPU_LOOP_FATAL);
	case EXIT_NONE:
		return result->exit.has_reason ? end(result, CPU_LOOP_FATAL) : STEP_ON;
	case EXIT_HALTED:
		return loop->ops->halt(loop->context) ? end(result, CPU_LOOP_HALTED) : STEP_ON;
	case EXIT_DEBUG:
		loop->ops->debug(loop->context);
		return STEP_ON;
	case EXIT_CONTINUE:
		break;
	}
	return STEP_ON;
}

/*
 * Bring an instruction that left the VM half-way, for port I/O or MMIO, to its end, without running
 * another (Documentation/virt/kvm/api.rst, KVM_RUN: pending operations are completed by re-entry). It
 * may ask for more of the same before it is done: that is served as always, so that nothing is lost.
 */
static enum step drain(struct cpu_loop *loop, struct cpu_loop_result *result, struct error *error)
{
	const struct cpu_loop_ops *ops = loop->ops;
	enum step step = STEP_ON;
	int left = DRAIN_LIMIT, err = 0;

	if (!ops->immediate_exit || ops->is_halted(loop->context))
		return STEP_ON;
	while (step == STEP_ON && err == 0 && left--) {
		/* Anew each time: what serves the exit may have cleared it. */
		ops->immediate_exit(loop->context, true);
		err = ops->run(loop->context, error);
		if (err == 0)
			step = serve(loop, result, error);
	}
	ops->immediate_exit(loop->context, false);
	if (err == 0 || err == -EINTR)
		return step;
	return end(result, CPU_LOOP_FATAL);
}

/* The same with what KVM has to ask for by itself. */
static enum step settle(struct cpu_loop *loop, struct cpu_loop_result *result, struct error *error)
{
	const struct cpu_loop_ops *ops = loop->ops;
	enum step step = STEP_ON;
	int left = DRAIN_LIMIT, err = 0;

	if (!ops->settle || ops->is_halted(loop->context))
		return STEP_ON;
	while (step == STEP_ON && err == 0 && left--) {
		err = ops->settle(loop->context, error);
		if (err == 0)
			step = serve(loop, result, error);
	}
	if (err == 0 || err == -EINTR)
		return step;
	return end(result, CPU_LOOP_FATAL);
}

static enum step rest(struct cpu_loop *loop, struct cpu_loop_result *result, struct error *error)
{
	struct register_snapshot registers;
	bool captured;

	if (drain(loop, result, error) == STEP_END || settle(loop, result, error) == STEP_END)
		return STEP_END;
	captured = loop->ops->capture(loop->context, &registers) == 0;
	park(loop->seat, captured ? &registers : NULL);
	return STEP_ON;
}

static enum step run_once(struct cpu_loop *loop, struct cpu_loop_result *result,
			  struct error *error)
{
	const struct cpu_loop_ops *ops = loop->ops;
	int err = ops->arm(loop->context, error);

	if (!err)
		err = ops->run(loop->context, error);
	if (err == 0)
		return serve(loop, result, error);
	if (err != -EINTR)
		return end(result, CPU_LOOP_FATAL);
	ops->clear_kick(loop->context);
	return STEP_ON;
}

struct cpu_loop_result cpu_loop_run(struct cpu_loop *loop, struct error *error)
{
	struct cpu_loop_result result = { .end = CPU_LOOP_KILLED };
	enum step step = STEP_ON;

	while (step == STEP_ON && !park_is_killed(loop->seat->control)) {
		bool frozen = park_is_frozen(loop->seat->control);

		if (frozen)
			step = rest(loop, &result, error);
		else if (park_is_held(loop->seat))
			park_sleep(loop->seat);
		else if (!loop->ops->is_halted(loop->context))
			step = run_once(loop, &result, error);
		else if (loop->ops->halt(loop->context))
			step = end(&result, CPU_LOOP_HALTED);
		else
			park_sleep(loop->seat);
		result.at_rest = frozen && step == STEP_ON;
	}
	return result;
}

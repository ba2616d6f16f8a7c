/* SPDX-License-Identifier: MIT */
/* Running one job, from its set-up to its outcome. */
#include "execution/execute.h"
#include <stdio.h>
#include "assist/assist_policy.h"
#include "base/clock.h"
#include "execution/parts.h"
#include "execution/conclude.h"
#include "execution/drive.h"
#include "execution/leftovers.h"
#include "execution/replay.h"
#include "execution/watched_variables.h"
#include "exits/mock_calls.h"
#include "machine/guest_stdio.h"
#include "run/cpus.h"

/* The vCPU is out for good: from here on the watcher waits for longer. */
static void answer_deadline(const struct run *run)
{
	enum deadline_state ahead = DEADLINE_AHEAD, overdue = DEADLINE_OVERDUE;
	_Atomic(enum deadline_state) *state = &run->deadline->state;

	if (!atomic_compare_exchange_strong(state, &ahead, DEADLINE_ANSWERED) &&
	    !atomic_compare_exchange_strong(state, &overdue, DEADLINE_ANSWERED))
		run_stay_wanted(run);
}

static void add_cut_note(struct buffer *output, size_t room)
{
	if (!output->cut)
		return;
	output->length -= output->length < room ? output->length : room;
	output->cut = false;
	buffer_print(output, "\n[more output was cut off here]\n");
}

struct rest {
	const struct run *run;
	bool complete; /* what the CPU left the VM for */
	bool failed;
};

static void come_to_rest(void *context, unsigned int number)
{
	struct rest *rest = context;
	struct vcpu *vcpu = &rest->run->machine->cpus[number].vcpu;

	/* A new VM is simpler than leaving such a state, and rare. */
	rest->failed = (rest->complete && !vcpu_complete(vcpu)) || leftovers_stay(rest->run, vcpu);
}

/* Returns whether all of the machine's CPUs can be reset. */
static bool all_come_to_rest(const struct run *run)
{
	struct rest rest = { .run = run };
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count && !rest.failed; i++) {
		if (i && (!run->cpus || !cpus_has_run(run, i)))
			continue;
		/* A test's last exit, by which it returned, left nothing to complete. */
		rest.complete = i ? !cpus_is_at_rest(run, i) : run->ending.how != END_RETURNED;
		if (rest.complete)
			machine_on_cpu(run->machine, i, come_to_rest, &rest);
		else
			come_to_rest(&rest, i);
	}
	return !rest.failed;
}

/* But for what mocks have to say of that. */
static bool ends_as_it_should(const struct run *run)
{
	struct r0_options options = *run->job->options;
	char message[64];

	options.xfail = NULL;
	return verdict_of(&options, &run->ending, message, sizeof(message)) == R0_VERDICT_PASS;
}

bool execute(struct machine *machine, const struct job *job, struct deadline *deadline,
	     struct outcome *outcome)
{
	struct run run = {
		.machine = machine,
		.job = job,
		.deadline = deadline,
		.debugger = job->debugger,
	};
	uint64_t start = clock_ns();

	*outcome = (struct outcome){ 0 };
	if (parts_begin(&run) == 0)
		drive(&run);
	else
		run_end(&run, END_HOST_ERROR, run.complaint.text);
	outcome->duration_ns = clock_ns() - start;
	outcome->duration_ns -= deadline_held_ns(deadline, start + outcome->duration_ns);
	if (run.mocks.count && ends_as_it_should(&run))
		mock_calls_at_end(&run);
	if (run.ending.how == END_TRIPLE_FAULT && leftovers_hide_place(&run)) {
		run.crash.lost_registers = true;
		run.crash.why_lost = run.why;
		/* By several CPUs, no two runs are the same. */
		if (!run.cpus)
			replay(&run, start);
		else
			snprintf(
				run.why, sizeof(run.why),
				"with several CPUs it is not run again by single steps, since no two "
				"runs are the same; r0_printf() on the way there may help");
	}
	if (run.debugger && run.debugger->ops->ended)
		run.debugger->ops->ended(run.debugger->context, &run);
	assist_policy_end(machine->cpus[0].assist);
	answer_deadline(&run);
	cpus_take_output(&run);
	guest_stdio_take(&machine->memory, &run.output);
	add_cut_note(&run.output, run.watched ? 64 + WATCHED_VARIABLES_REPORT_MAX : 64);
	if (run.watched)
		watched_variables_report(run.watched, &run.output);
	conclude(&run, outcome);
	outcome->result.output_size = run.output.length;
	outcome->result.output = buffer_take(&run.output);
	if (!all_come_to_rest(&run))
		run.unusable = true;
	parts_end(&run);
	return !run.unusable;
}

/* SPDX-License-Identifier: MIT */
/* A triple fault's place, found by a second run. */
#include "execution/replay.h"
#include <inttypes.h>
#include <stdio.h>
#include "base/clock.h"
#include "execution/parts.h"
#include "execution/drive.h"
#include "execution/find_triple_fault.h"

/* How long the search for a triple fault's place may take: at least, and at most. */
#define REPLAY_NS      2000000000ull
#define REPLAY_NS_MOST 30000000000ull

/* The search may take what is left of the test's own time, within reason. */
static uint64_t search_until(const struct run *run, uint64_t start)
{
	uint64_t now = clock_ns(), limit = start + run->job->limit_ns / 10 * 9;
	uint64_t left = limit > now ? limit - now : 0;

	if (left < REPLAY_NS)
		left = REPLAY_NS;
	return now + (left < REPLAY_NS_MOST ? left : REPLAY_NS_MOST);
}

void replay(struct run *run, uint64_t start)
{
	struct search search = { .until = search_until(run, start) };
	const uint64_t begun = clock_ns();
	const struct debugger debugger = { .ops = &find_triple_fault_ops, .context = &search };
	struct run again = {
		.machine = run->machine,
		.job = run->job,
		.deadline = run->deadline,
		.debugger = &debugger,
		.replays = true,
	};

	atomic_store(&run->deadline->kick_at, search.until);
	vcpu_complete(&run->cpu->vcpu);
	/* What it executes was counted when it ran for the first time. */
	if (machine_reset(run->machine, NULL) == 0) {
		memory_forget_counts(&run->machine->memory);
		if (parts_begin(&again) == 0)
			drive(&again);
	}
	if (again.ending.how == END_TRIPLE_FAULT && again.stepping.regs.rip) {
		run->regs = again.stepping.regs;
		run->sregs = again.stepping.sregs;
		run->fault_address = again.stepping.sregs.cr2;
		run->crash.lost_registers = false;
	} else if (clock_ns() >= search.until) {
		snprintf(
			run->why, sizeof(run->why),
			"run again by single steps, it had not come to it in %" PRIu64
			" ms, after %" PRIu64
			" of them; a shorter way there may help, or r0_printf() on it, or a higher "
			"--timeout, of which this takes what is left, up to 30 s",
			(clock_ns() - begun) / 1000000, search.steps);
	} else {
		snprintf(
			run->why, sizeof(run->why),
			"run again by single steps, it did not come to it, and ended after %" PRIu64
			" of them; r0_printf() on the way there may help",
			search.steps);
	}
	atomic_store(&run->deadline->kick_at, 0);
	run->unusable |= again.unusable;
	parts_end(&again);
}

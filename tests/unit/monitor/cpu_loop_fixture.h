/* SPDX-License-Identifier: MIT */
/* A vCPU whose every turn is made up, with its loop and its seat: for monitor/cpu_loop.c and monitor/park.c. */
#ifndef TESTS_UNIT_MONITOR_CPU_LOOP_FIXTURE_H
#define TESTS_UNIT_MONITOR_CPU_LOOP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include "monitor/cpu_loop.h"

/* What one run() gives: an error, or an exit that serve() classifies as. */
struct turn {
	int err;
	struct exit exit;
};

struct mock {
	struct park_control *control;
	const struct turn *turns;
	size_t count;
	size_t kept;	       /* of them, the last ones, which settle() gives and run() does not */
	_Atomic(size_t) next;  /* after the last turn, run() gives -EINTR for ever */
	atomic_bool immediate; /* the flag */
	_Atomic(size_t) settled; /* calls of settle() without the flag */
	_Atomic(size_t) drained; /* runs with the flag set */
	_Atomic(size_t) armed, debugged, cleared, captured, runs;
	atomic_bool halted;
	bool others_halted;
	int arm_error, capture_error;
	bool kill_at_end; /* the last turn is followed by the end from outside */
	uint64_t ip;	  /* for the registers */
};

static int arm(void *context, struct error *error)
{
	struct mock *mock = context;

	mock->armed++;
	if (mock->arm_error)
		return error_set(error, mock->arm_error, "it can't be armed");
	return 0;
}

static int take_turn(struct mock *mock, struct error *error)
{
	const struct turn *turn = &mock->turns[mock->next];

	if (turn->err && turn->err != EINTR)
		error_set(error, turn->err, "KVM_RUN failed");
	if (turn->err)
		mock->next++;
	return -turn->err;
}

static int run(void *context, struct error *error)
{
	struct mock *mock = context;

	mock->runs++;
	if (mock->immediate)
		mock->drained++;
	if (mock->next >= mock->count - mock->kept) {
		if (mock->kill_at_end)
			park_kill(mock->control);
		if (!mock->immediate)
			poll(NULL, 0, 1);
		return -EINTR;
	}
	return take_turn(mock, error);
}

static int settle(void *context, struct error *error)
{
	struct mock *mock = context;

	if (!mock->immediate)
		mock->settled++;
	return mock->next < mock->count ? take_turn(mock, error) : -EINTR;
}

static void immediate_exit(void *context, bool on)
{
	struct mock *mock = context;

	mock->immediate = on;
}

static void clear_kick(void *context)
{
	struct mock *mock = context;

	mock->cleared++;
}

static struct exit serve(void *context, struct error *error)
{
	struct mock *mock = context;
	struct exit exit = mock->turns[mock->next++].exit;

	if (exit.outcome == EXIT_FATAL || (exit.outcome == EXIT_NONE && exit.has_reason))
		error_set(error, EIO, "a fatal exit");
	return exit;
}

static void debug(void *context)
{
	struct mock *mock = context;

	mock->debugged++;
}

static int capture(void *context, struct register_snapshot *registers)
{
	struct mock *mock = context;

	mock->captured++;
	*registers = (struct register_snapshot){ .instruction_pointer = mock->ip };
	return mock->capture_error;
}

static bool is_halted(void *context)
{
	struct mock *mock = context;

	return mock->halted;
}

static bool halt(void *context)
{
	struct mock *mock = context;

	mock->halted = true;
	return mock->others_halted;
}

static const struct cpu_loop_ops ops = {
	.arm = arm,
	.run = run,
	.immediate_exit = immediate_exit,
	.settle = settle,
	.clear_kick = clear_kick,
	.serve = serve,
	.debug = debug,
	.capture = capture,
	.is_halted = is_halted,
	.halt = halt,
};

/* Everything for one vCPU, with or without a thread. */
struct rig {
	struct park_control control;
	struct park_seat seat;
	struct mock mock;
	struct cpu_loop_ops ops;
	struct cpu_loop loop;
	struct cpu_loop_result result;
	struct error error;
	pthread_t thread;
};

static void set_up(struct rig *rig, const struct turn *turns, size_t count)
{
	memset(rig, 0, sizeof(*rig));
	assert_int_equal(park_control_init(&rig->control, &rig->error), 0);
	assert_int_equal(park_seat_init(&rig->seat, &rig->control, &rig->error), 0);
	rig->mock = (struct mock){
		.control = &rig->control, .turns = turns, .count = count, .ip = 0x1234
	};
	rig->ops = ops;
	rig->loop = (struct cpu_loop){ &rig->ops, &rig->mock, &rig->seat };
}

static void tear_down(struct rig *rig)
{
	park_seat_finish(&rig->seat);
	park_control_finish(&rig->control);
}

#endif /* TESTS_UNIT_MONITOR_CPU_LOOP_FIXTURE_H */

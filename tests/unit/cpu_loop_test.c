/* SPDX-License-Identifier: MIT */
/* The vCPU's thread and parking, without KVM: monitor/cpu_loop.c and monitor/park.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "monitor/cpu_loop.h"

#define LIMIT_MS 5000

/* What one run() gives: an error, or an exit that serve() classifies as. */
struct turn {
	int err;
	struct exit exit;
};

struct mock {
	struct park_control *control;
	const struct turn *turns;
	size_t count;
	_Atomic(size_t) next;	 /* after the last turn, run() gives -EINTR for ever */
	atomic_bool immediate;	 /* the flag */
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

static int run(void *context, struct error *error)
{
	struct mock *mock = context;
	const struct turn *turn;

	mock->runs++;
	if (mock->immediate)
		mock->drained++;
	if (mock->next >= mock->count) {
		if (mock->kill_at_end)
			park_kill(mock->control);
		if (!mock->immediate)
			poll(NULL, 0, 1);
		return -EINTR;
	}
	turn = &mock->turns[mock->next];
	if (turn->err && turn->err != EINTR)
		error_set(error, turn->err, "KVM_RUN failed");
	if (turn->err)
		mock->next++;
	return -turn->err;
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

static struct cpu_loop_result run_turns(const struct turn *turns, size_t count, struct mock *after,
					struct error *error)
{
	struct cpu_loop_result result;
	struct rig rig;

	set_up(&rig, turns, count);
	rig.mock.kill_at_end = true;
	result = cpu_loop_run(&rig.loop, &rig.error);
	*after = rig.mock;
	*error = rig.error;
	tear_down(&rig);
	return result;
}

#define RUN(turns) run_turns(turns, sizeof(turns) / sizeof((turns)[0]), &after, &error)

static void exits_that_go_on(void **state)
{
	const struct turn turns[] = {
		{ 0, { .outcome = EXIT_CONTINUE } },
		{ EINTR, { 0 } },
		{ 0, { .outcome = EXIT_NONE } },
		{ 0, { .outcome = EXIT_DEBUG } },
		{ 0, { .outcome = EXIT_CONTINUE, .has_reason = true, .reason = 99 } },
		{ 0, { .outcome = EXIT_CONTINUE } },
	};
	struct error error;
	struct mock after;

	(void)state;
	assert_int_equal(RUN(turns).end, CPU_LOOP_KILLED);
	assert_int_equal(after.next, 6);
	assert_int_equal(after.debugged, 1);
	/* One EINTR of the turns, one at the end. */
	assert_int_equal(after.cleared, 2);
	assert_int_equal(after.armed, 7);
	assert_string_equal(error.text, "");
}

static void shutdown_ends_it(void **state)
{
	const struct turn turns[] = { { 0, { .outcome = EXIT_CONTINUE } },
				      { 0, { .outcome = EXIT_SHUTDOWN } },
				      { 0, { .outcome = EXIT_CONTINUE } } };
	struct error error;
	struct mock after;

	(void)state;
	assert_int_equal(RUN(turns).end, CPU_LOOP_SHUTDOWN);
	assert_int_equal(after.runs, 2);
}

static void fatal_carries_its_reason(void **state)
{
	const struct turn turns[] = {
		{ 0, { .outcome = EXIT_FATAL, .has_reason = true, .reason = 0xdeadbeef } }
	};
	struct cpu_loop_result result;
	struct error error;
	struct mock after;

	(void)state;
	result = RUN(turns);
	assert_int_equal(result.end, CPU_LOOP_FATAL);
	assert_true(result.exit.has_reason);
	assert_int_equal(result.exit.reason, 0xdeadbeef);
	assert_string_equal(error.text, "a fatal exit");
}

static void fatal_without_reason(void **state)
{
	const struct turn turns[] = { { 0, { .outcome = EXIT_FATAL } } };
	struct cpu_loop_result result;
	struct error error;
	struct mock after;

	(void)state;
	result = RUN(turns);
	assert_int_equal(result.end, CPU_LOOP_FATAL);
	assert_false(result.exit.has_reason);
}

static void unknown_exit_does_not_spin(void **state)
{
	const struct turn turns[] = {
		{ 0, { .outcome = EXIT_NONE, .has_reason = true, .reason = 77 } }
	};
	struct error error;
	struct mock after;

	(void)state;
	assert_int_equal(RUN(turns).end, CPU_LOOP_FATAL);
	assert_int_equal(after.runs, 1);
	assert_string_equal(error.text, "a fatal exit");
}

static void run_error_ends_it(void **state)
{
	const struct turn turns[] = { { EFAULT, { 0 } } };
	struct error error;
	struct mock after;

	(void)state;
	assert_int_equal(RUN(turns).end, CPU_LOOP_FATAL);
	assert_int_equal(after.runs, 1);
	assert_string_equal(error.text, "KVM_RUN failed");
}

static void arm_error_ends_it(void **state)
{
	struct cpu_loop_result result;
	struct rig rig;

	(void)state;
	set_up(&rig, NULL, 0);
	rig.mock.arm_error = EIO;
	result = cpu_loop_run(&rig.loop, &rig.error);
	assert_int_equal(result.end, CPU_LOOP_FATAL);
	assert_int_equal(rig.mock.runs, 0);
	assert_string_equal(rig.error.text, "it can't be armed");
	tear_down(&rig);
}

static void killed_before_it_runs(void **state)
{
	struct rig rig;

	(void)state;
	set_up(&rig, NULL, 0);
	assert_true(park_kill(&rig.control));
	assert_false(park_kill(&rig.control));
	assert_int_equal(cpu_loop_run(&rig.loop, &rig.error).end, CPU_LOOP_KILLED);
	assert_int_equal(rig.mock.runs, 0);
	tear_down(&rig);
}

static void last_to_halt_ends_all(void **state)
{
	const struct turn turns[] = { { 0, { .outcome = EXIT_HALTED } } };
	struct rig rig;

	(void)state;
	set_up(&rig, turns, 1);
	rig.mock.others_halted = true;
	assert_int_equal(cpu_loop_run(&rig.loop, &rig.error).end, CPU_LOOP_HALTED);
	assert_int_equal(rig.mock.runs, 1);
	tear_down(&rig);
}

static void *thread(void *context)
{
	struct rig *rig = context;

	rig->result = cpu_loop_run(&rig->loop, &rig->error);
	return NULL;
}

static void start(struct rig *rig)
{
	assert_int_equal(pthread_create(&rig->thread, NULL, thread, rig), 0);
}

static void end_rig(struct rig *rig)
{
	park_kill(&rig->control);
	pthread_join(rig->thread, NULL);
}

static int freeze(struct rig *rig, unsigned int limit_ms)
{
	struct park_seat *seats[] = { &rig->seat };
	uint64_t missing;

	park_freeze(&rig->control);
	park_wake(&rig->seat);
	return park_wait(&rig->control, seats, 1, limit_ms, &missing);
}

static void thaw(struct rig *rig)
{
	struct park_seat *seats[] = { &rig->seat };

	park_thaw(&rig->control, seats, 1);
}

/* How often parked_evt was written since. */
static uint64_t edges(struct rig *rig)
{
	uint64_t count = 0;

	if (read(rig->control.parked_evt, &count, sizeof(count)) < 0)
		return 0;
	return count;
}

static void wait_until_unparked(struct rig *rig)
{
	while (atomic_load(&rig->seat.parked))
		poll(NULL, 0, 1);
}

static void wait_until_parked(struct rig *rig)
{
	while (!atomic_load(&rig->seat.parked))
		poll(NULL, 0, 1);
}

/* Whether anything may be half-way at the end: not where it had parked. */
static void at_rest_where_it_parked(void **state)
{
	static const struct turn shut_down = { 0, { .outcome = EXIT_SHUTDOWN } };
	struct rig rig;

	(void)state;
	set_up(&rig, NULL, 0);
	park_freeze(&rig.control);
	start(&rig);
	wait_until_parked(&rig);
	park_kill(&rig.control);
	pthread_join(rig.thread, NULL);
	assert_int_equal(rig.result.end, CPU_LOOP_KILLED);
	assert_true(rig.result.at_rest);
	tear_down(&rig);
	/* What came up when it was to park is not done yet. */
	set_up(&rig, &shut_down, 1);
	park_freeze(&rig.control);
	rig.result = cpu_loop_run(&rig.loop, &rig.error);
	assert_int_equal(rig.result.end, CPU_LOOP_SHUTDOWN);
	assert_false(rig.result.at_rest);
	tear_down(&rig);
	/* It ran. */
	set_up(&rig, &shut_down, 1);
	rig.result = cpu_loop_run(&rig.loop, &rig.error);
	assert_false(rig.result.at_rest);
	tear_down(&rig);
}

/* Held it runs nothing, but can be frozen, and goes on when it is let go. */
static void held_waits_where_it_looks(void **state)
{
	static const struct turn shut_down = { 0, { .outcome = EXIT_SHUTDOWN } };
	struct park_seat *seats[1];
	struct rig rig;

	(void)state;
	set_up(&rig, &shut_down, 1);
	park_hold(&rig.control, true);
	assert_true(park_is_held(&rig.control));
	start(&rig);
	end_rig(&rig);
	assert_int_equal(rig.result.end, CPU_LOOP_KILLED);
	assert_int_equal(rig.mock.runs, 0);
	tear_down(&rig);
	set_up(&rig, NULL, 0);
	park_hold(&rig.control, true);
	start(&rig);
	assert_int_equal(freeze(&rig, LIMIT_MS), 0);
	seats[0] = &rig.seat;
	park_thaw(&rig.control, seats, 1);
	assert_true(park_is_held(&rig.control));
	end_rig(&rig);
	park_control_reset(&rig.control);
	assert_false(park_is_held(&rig.control));
	tear_down(&rig);
}

static void halted_waits_without_running(void **state)
{
	const struct turn turns[] = { { 0, { .outcome = EXIT_HALTED } } };
	struct rig rig;

	(void)state;
	set_up(&rig, turns, 1);
	start(&rig);
	while (!rig.mock.halted)
		poll(NULL, 0, 1);
	/* It parks from there, too, with nothing to drain. */
	assert_int_equal(freeze(&rig, LIMIT_MS), 0);
	assert_int_equal(rig.mock.runs, 1);
	assert_int_equal(rig.mock.captured, 1);
	thaw(&rig);
	end_rig(&rig);
	assert_int_equal(rig.result.end, CPU_LOOP_KILLED);
	assert_int_equal(rig.mock.runs, 1);
	tear_down(&rig);
}

static void freeze_drains(void **state)
{
	/* Two more exits of the instruction that is pending. */
	const struct turn turns[] = { { 0, { .outcome = EXIT_CONTINUE } },
				      { 0, { .outcome = EXIT_CONTINUE } } };
	struct rig rig;

	(void)state;
	set_up(&rig, turns, 2);
	park_freeze(&rig.control);
	start(&rig);
	wait_until_parked(&rig);
	assert_int_equal(rig.mock.drained, 3);
	assert_int_equal(rig.mock.next, 2);
	assert_false(rig.mock.immediate);
	assert_int_equal(rig.mock.captured, 1);
	pthread_mutex_lock(&rig.seat.lock);
	assert_true(rig.seat.has_registers);
	assert_int_equal(rig.seat.registers.instruction_pointer, 0x1234);
	pthread_mutex_unlock(&rig.seat.lock);
	end_rig(&rig);
	tear_down(&rig);
}

static void freeze_without_immediate_exit_does_not_drain(void **state)
{
	struct rig rig;

	(void)state;
	set_up(&rig, NULL, 0);
	rig.ops.immediate_exit = NULL;
	park_freeze(&rig.control);
	start(&rig);
	wait_until_parked(&rig);
	assert_int_equal(rig.mock.runs, 0);
	assert_int_equal(rig.mock.captured, 1);
	end_rig(&rig);
	tear_down(&rig);
}

static void shutdown_while_draining(void **state)
{
	const struct turn turns[] = { { 0, { .outcome = EXIT_SHUTDOWN } } };
	struct rig rig;

	(void)state;
	set_up(&rig, turns, 1);
	park_freeze(&rig.control);
	assert_int_equal(cpu_loop_run(&rig.loop, &rig.error).end, CPU_LOOP_SHUTDOWN);
	assert_int_equal(rig.seat.parked, 0);
	assert_int_equal(edges(&rig), 0);
	tear_down(&rig);
}

static void error_while_draining(void **state)
{
	const struct turn turns[] = { { EFAULT, { 0 } } };
	struct rig rig;

	(void)state;
	set_up(&rig, turns, 1);
	park_freeze(&rig.control);
	assert_int_equal(cpu_loop_run(&rig.loop, &rig.error).end, CPU_LOOP_FATAL);
	assert_string_equal(rig.error.text, "KVM_RUN failed");
	tear_down(&rig);
}

static void no_registers_no_snapshot(void **state)
{
	struct rig rig;

	(void)state;
	set_up(&rig, NULL, 0);
	rig.mock.capture_error = -EIO;
	park_freeze(&rig.control);
	start(&rig);
	wait_until_parked(&rig);
	assert_false(rig.seat.has_registers);
	end_rig(&rig);
	tear_down(&rig);
}

static void one_edge_a_freeze(void **state)
{
	struct rig rig;

	(void)state;
	set_up(&rig, NULL, 0);
	park_freeze(&rig.control);
	start(&rig);
	wait_until_parked(&rig);
	/* Longer than a wait lasts: it looks again and stays. */
	poll(NULL, 0, 250);
	assert_int_equal(edges(&rig), 1);
	thaw(&rig);
	wait_until_unparked(&rig);
	assert_int_equal(edges(&rig), 0);
	park_freeze(&rig.control);
	wait_until_parked(&rig);
	assert_int_equal(edges(&rig), 1);
	end_rig(&rig);
	assert_int_equal(rig.seat.parked, 0);
	assert_int_equal(rig.mock.captured, 2);
	tear_down(&rig);
}

/* A freeze right after a thaw is a new one: the vCPU may not stay for the old, nor the host think so. */
static void rounds_are_told_apart(void **state)
{
	struct rig rig;
	int i;

	(void)state;
	set_up(&rig, NULL, 0);
	start(&rig);
	for (i = 0; i < 2000; i++) {
		assert_int_equal(freeze(&rig, LIMIT_MS), 0);
		assert_int_equal(rig.mock.captured, i + 1);
		thaw(&rig);
	}
	end_rig(&rig);
	assert_int_equal(rig.mock.captured, 2000);
	tear_down(&rig);
}

static void parks_without_events(void **state)
{
	struct rig rig;
	int thaw_evt, parked_evt;

	(void)state;
	set_up(&rig, NULL, 0);
	thaw_evt = rig.seat.thaw_evt;
	parked_evt = rig.control.parked_evt;
	rig.seat.thaw_evt = rig.control.parked_evt = -1;
	start(&rig);
	assert_int_equal(freeze(&rig, LIMIT_MS), 0);
	thaw(&rig);
	wait_until_unparked(&rig);
	end_rig(&rig);
	rig.seat.thaw_evt = thaw_evt;
	rig.control.parked_evt = parked_evt;
	tear_down(&rig);
}

/* The thread's own time on a CPU. */
static double cpu_seconds(const struct rig *rig)
{
	struct timespec time;
	clockid_t clock;

	pthread_getcpuclockid(rig->thread, &clock);
	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void stale_thaw_does_not_spin(void **state)
{
	struct rig rig;
	double before;

	(void)state;
	set_up(&rig, NULL, 0);
	park_wake(&rig.seat);
	park_freeze(&rig.control);
	start(&rig);
	wait_until_parked(&rig);
	park_wake(&rig.seat);
	before = cpu_seconds(&rig);
	poll(NULL, 0, 300);
	assert_true(cpu_seconds(&rig) - before < 0.1);
	end_rig(&rig);
	tear_down(&rig);
}

static void kill_wins_over_a_freeze(void **state)
{
	struct rig rig;

	(void)state;
	set_up(&rig, NULL, 0);
	start(&rig);
	assert_int_equal(freeze(&rig, LIMIT_MS), 0);
	end_rig(&rig);
	assert_int_equal(rig.result.end, CPU_LOOP_KILLED);
	assert_int_equal(rig.seat.parked, 0);
	assert_int_equal(freeze(&rig, LIMIT_MS), -ESHUTDOWN);
	tear_down(&rig);
}

static void who_does_not_park_is_named(void **state)
{
	struct park_seat *seats[3];
	struct park_seat stuck;
	struct rig rig;
	uint64_t missing;

	(void)state;
	set_up(&rig, NULL, 0);
	assert_int_equal(park_seat_init(&stuck, &rig.control, &rig.error), 0);
	seats[0] = &rig.seat;
	seats[1] = &stuck;
	seats[2] = &rig.seat;
	start(&rig);
	park_freeze(&rig.control);
	assert_int_equal(park_wait(&rig.control, seats, 3, 200, &missing), -ETIMEDOUT);
	assert_int_equal(missing, 1 << 1);
	park_thaw(&rig.control, seats, 3);
	wait_until_unparked(&rig);
	end_rig(&rig);
	park_seat_finish(&stuck);
	tear_down(&rig);
}

static void control_starts_anew(void **state)
{
	struct rig rig;

	(void)state;
	set_up(&rig, NULL, 0);
	park_freeze(&rig.control);
	park_kill(&rig.control);
	park_control_reset(&rig.control);
	assert_false(park_is_frozen(&rig.control));
	assert_false(park_is_killed(&rig.control));
	assert_int_equal(edges(&rig), 0);
	start(&rig);
	assert_int_equal(freeze(&rig, LIMIT_MS), 0);
	end_rig(&rig);
	tear_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits_that_go_on),
		cmocka_unit_test(shutdown_ends_it),
		cmocka_unit_test(fatal_carries_its_reason),
		cmocka_unit_test(fatal_without_reason),
		cmocka_unit_test(unknown_exit_does_not_spin),
		cmocka_unit_test(run_error_ends_it),
		cmocka_unit_test(arm_error_ends_it),
		cmocka_unit_test(killed_before_it_runs),
		cmocka_unit_test(last_to_halt_ends_all),
		cmocka_unit_test(at_rest_where_it_parked),
		cmocka_unit_test(held_waits_where_it_looks),
		cmocka_unit_test(halted_waits_without_running),
		cmocka_unit_test(freeze_drains),
		cmocka_unit_test(freeze_without_immediate_exit_does_not_drain),
		cmocka_unit_test(shutdown_while_draining),
		cmocka_unit_test(error_while_draining),
		cmocka_unit_test(no_registers_no_snapshot),
		cmocka_unit_test(one_edge_a_freeze),
		cmocka_unit_test(rounds_are_told_apart),
		cmocka_unit_test(parks_without_events),
		cmocka_unit_test(stale_thaw_does_not_spin),
		cmocka_unit_test(kill_wins_over_a_freeze),
		cmocka_unit_test(who_does_not_park_is_named),
		cmocka_unit_test(control_starts_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Parking a vCPU's thread, without KVM: monitor/park.c, and what monitor/cpu_loop.c does for it. */
#include "tests/unit/monitor/cpu_loop_fixture.h"
#include <time.h>
#include <unistd.h>

#define LIMIT_MS 5000

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
	assert_true(park_is_held(&rig.seat));
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
	assert_true(park_is_held(&rig.seat));
	end_rig(&rig);
	park_control_reset(&rig.control);
	assert_false(park_is_held(&rig.seat));
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

/* What KVM has to ask for by itself comes after that, before the registers are looked at. */
static void freeze_settles(void **state)
{
	static const struct turn turns[] = { { 0, { .outcome = EXIT_CONTINUE } },
					     { 0, { .outcome = EXIT_CONTINUE } },
					     { 0, { .outcome = EXIT_CONTINUE } } };
	static const struct turn shut_down = { 0, { .outcome = EXIT_SHUTDOWN } };
	static const struct turn error = { EFAULT, { 0 } };
	struct rig rig;

	(void)state;
	set_up(&rig, turns, 3);
	rig.mock.kept = 2;
	park_freeze(&rig.control);
	start(&rig);
	wait_until_parked(&rig);
	assert_int_equal(rig.mock.drained, 2);
	assert_int_equal(rig.mock.settled, 3);
	assert_int_equal(rig.mock.next, 3);
	assert_int_equal(rig.mock.captured, 1);
	end_rig(&rig);
	tear_down(&rig);
	set_up(&rig, &shut_down, 1);
	rig.mock.kept = 1;
	park_freeze(&rig.control);
	assert_int_equal(cpu_loop_run(&rig.loop, &rig.error).end, CPU_LOOP_SHUTDOWN);
	assert_int_equal(rig.mock.captured, 0);
	tear_down(&rig);
	set_up(&rig, &error, 1);
	rig.mock.kept = 1;
	park_freeze(&rig.control);
	assert_int_equal(cpu_loop_run(&rig.loop, &rig.error).end, CPU_LOOP_FATAL);
	assert_string_equal(rig.error.text, "KVM_RUN failed");
	tear_down(&rig);
}

static void freeze_without_immediate_exit_does_not_drain(void **state)
{
	struct rig rig;

	(void)state;
	set_up(&rig, NULL, 0);
	rig.ops.immediate_exit = NULL;
	rig.ops.settle = NULL;
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
		cmocka_unit_test(at_rest_where_it_parked),
		cmocka_unit_test(held_waits_where_it_looks),
		cmocka_unit_test(halted_waits_without_running),
		cmocka_unit_test(freeze_drains),
		cmocka_unit_test(freeze_settles),
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

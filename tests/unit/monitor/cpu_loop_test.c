/* SPDX-License-Identifier: MIT */
/* The vCPU's thread, without KVM: monitor/cpu_loop.c. */
#include "tests/unit/monitor/cpu_loop_fixture.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

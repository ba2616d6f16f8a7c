/* SPDX-License-Identifier: MIT */
/* arm64's watchpoints: WVR and WCR as KVM is told them, and exits by exception class and FAR. */
#include "watch_fixture.h"

#define STEP	   (0x32u << 26)
#define WATCHPOINT (0x34u << 26)

#define HARDWARE (KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW)

static unsigned int dispatch(uint32_t hsr, uint64_t far)
{
	/* The lower bits, the syndrome, are the CPU's. */
	const struct kvm_debug_exit_arch exit = { .hsr = hsr | 0x2000062, .far = far };

	return watch_dispatch(&fixture.cpu, &exit);
}

/* Whether the last call had KVM step, and watch these slots. */
static void expect_told(unsigned int slots, bool step)
{
	unsigned int slot;

	for (slot = 0; slot < WATCH_SLOTS; slot++)
		assert_int_equal(fixture.told.arch.dbg_wcr[slot] & 1, slots >> slot & 1);
	assert_int_equal(!!(fixture.told.control & KVM_GUESTDBG_USE_HW), slots != 0);
	assert_int_equal(!!(fixture.told.control & KVM_GUESTDBG_SINGLESTEP), step);
	assert_int_equal(!!(fixture.told.control & KVM_GUESTDBG_ENABLE), slots || step);
}

static void wcr_at_offset_0(void **state)
{
	(void)state;
	watch_word(1, GUEST);
	arm();
	assert_int_equal(fixture.told.control, HARDWARE);
	assert_int_equal(fixture.told.arch.dbg_wcr[1], 0x1f7);
	assert_int_equal(fixture.told.arch.dbg_wcr[0], 0);
}

static void wcr_at_offset_4(void **state)
{
	(void)state;
	watch_word(1, GUEST + 4);
	arm();
	assert_int_equal(fixture.told.arch.dbg_wcr[1], 0x1e17);
}

static void wvr_is_the_doubleword(void **state)
{
	(void)state;
	watch_word(2, GUEST + 12);
	watch_word(3, GUEST + 16);
	arm();
	assert_int_equal(fixture.told.arch.dbg_wvr[2], GUEST + 8);
	assert_int_equal(fixture.told.arch.dbg_wvr[3], GUEST + 16);
	assert_int_equal(fixture.told.arch.dbg_wvr[1], 0);
}

static void wcr_of_each_length(void **state)
{
	const struct watch_set set = {
		.points = { { GUEST + 7, 1 }, { GUEST + 2, 2 }, { GUEST + 4, 4 }, { GUEST, 8 } }
	};
	struct kvm_guest_debug debug;

	(void)state;
	watch_encode(&set, 0xf, false, &debug);
	assert_int_equal(debug.arch.dbg_wcr[0], 0x1017);
	assert_int_equal(debug.arch.dbg_wcr[1], 0x197);
	assert_int_equal(debug.arch.dbg_wcr[2], 0x1e17);
	assert_int_equal(debug.arch.dbg_wcr[3], 0x1ff7);
}

static void far_finds_the_user_slot(void **state)
{
	(void)state;
	watch_word(1, GUEST);
	watch_word(2, GUEST + 4);
	arm();
	assert_int_equal(dispatch(WATCHPOINT, GUEST + 7), 1 << 2);
	assert_false(is_hit(&fixture.watch, 1));
	assert_true(is_hit(&fixture.watch, 2));
	assert_int_equal(told_hits(), 1);
	/* Out of the store's way for one step, and back. */
	arm();
	expect_told(1 << 1, true);
	assert_int_equal(dispatch(STEP, 0), 0);
	arm();
	expect_told(1 << 1 | 1 << 2, false);
	assert_int_equal(fixture.calls, 3);
}

static void foreign_exception_classes_are_ignored(void **state)
{
	uint32_t class;

	(void)state;
	watch_word(1, GUEST);
	arm();
	for (class = 0; class < 0x40; class ++)
		if (class != 0x34)
			assert_int_equal(dispatch(class << 26, GUEST), 0);
	arm();
	assert_int_equal(fixture.calls, 1);
	assert_int_equal(told_hits(), 0);
	/* Nor do they end a step. */
	dispatch(WATCHPOINT, GUEST);
	arm();
	for (class = 0; class < 0x40; class ++)
		if (class != 0x34 && class != 0x32)
			assert_int_equal(dispatch(class << 26, GUEST), 0);
	arm();
	assert_int_equal(fixture.calls, 2);
	expect_told(0, true);
}

static void step_clears_the_pending_mark(void **state)
{
	(void)state;
	watch_word(1, GUEST);
	arm();
	dispatch(WATCHPOINT, GUEST);
	assert_int_equal(fixture.cpu.suspended, 1 << 1);
	arm();
	dispatch(STEP, 0);
	assert_int_equal(fixture.cpu.suspended, 0);
	arm();
	assert_int_equal(fixture.calls, 3);
	/* A second one, that nobody asked for, changes nothing. */
	dispatch(STEP, 0);
	arm();
	assert_int_equal(fixture.calls, 3);
}

static void null_gate_refuses_but_steps(void **state)
{
	(void)state;
	watch_gated(GUEST, NULL, 1024);
	arm();
	assert_int_equal(dispatch(WATCHPOINT, GUEST), 1);
	arm();
	expect_told(0, true);
	dispatch(STEP, 0);
	arm();
	expect_told(1, false);
	assert_false(is_hit(&fixture.watch, WATCH_GATED));
	assert_int_equal(fixture.logged, 1);
	assert_int_equal(told_hits(), 0);
}

/* The exception comes before the store: what counts is the gate as the store leaves it. */
static void gate_is_read_after_the_step(void **state)
{
	uint32_t gate = 1023;

	(void)state;
	watch_gated(GUEST, &gate, 1024);
	arm();
	assert_int_equal(dispatch(WATCHPOINT, GUEST), 1);
	assert_false(is_hit(&fixture.watch, WATCH_GATED));
	arm();
	gate = 1024;
	dispatch(STEP, 0);
	assert_true(is_hit(&fixture.watch, WATCH_GATED));
	assert_int_equal(told_hits(), 1);
}

static void gate_that_falls_by_the_store_refuses(void **state)
{
	uint32_t gate = 1024;

	(void)state;
	watch_gated(GUEST, &gate, 1024);
	arm();
	dispatch(WATCHPOINT, GUEST);
	arm();
	gate = 0;
	dispatch(STEP, 0);
	arm();
	expect_told(1, false);
	/* It was judged once. Another slot's step, later, is no reason to look again. */
	gate = 1024;
	watch_word(1, GUEST + 8);
	arm();
	dispatch(WATCHPOINT, GUEST + 8);
	arm();
	dispatch(STEP, 0);
	assert_false(is_hit(&fixture.watch, WATCH_GATED));
	assert_int_equal(fixture.logged, 0);
}

static void gate_of_a_new_request_is_not_judged(void **state)
{
	uint32_t gate = 1024;

	(void)state;
	watch_gated(GUEST, &gate, 1024);
	arm();
	dispatch(WATCHPOINT, GUEST);
	watch_gated(GUEST + 8, &gate, 0);
	arm();
	dispatch(STEP, 0);
	assert_false(is_hit(&fixture.watch, WATCH_GATED));
	arm();
	expect_told(1, false);
	assert_int_equal(fixture.told.arch.dbg_wvr[0], GUEST + 8);
}

/* A wide store that begins below the watched word. Without a step it would trap for ever. */
static void store_from_below_hits_and_steps(void **state)
{
	(void)state;
	watch_word(1, GUEST + 40);
	watch_word(2, GUEST + 16);
	watch_word(3, GUEST);
	arm();
	assert_int_equal(dispatch(WATCHPOINT, GUEST + 12), 1 << 2);
	assert_true(is_hit(&fixture.watch, 2));
	assert_int_equal(told_hits(), 1);
	arm();
	expect_told(0, true);
	dispatch(STEP, 0);
	arm();
	expect_told(1 << 1 | 1 << 2 | 1 << 3, false);
	/* DC ZVA zeroes a block of up to 2 KiB, and may give its first byte. */
	watch_word(1, GUEST + 2044);
	watch_withdraw(&fixture.watch, 2);
	watch_withdraw(&fixture.watch, 3);
	arm();
	assert_int_equal(dispatch(WATCHPOINT, GUEST), 1 << 1);
}

static void far_that_finds_nothing_steps_all_the_same(void **state)
{
	(void)state;
	watch_word(1, GUEST);
	arm();
	assert_int_equal(dispatch(WATCHPOINT, GUEST + 4), 0);
	arm();
	expect_told(0, true);
	dispatch(STEP, 0);
	arm();
	expect_told(1 << 1, false);
	/* Too far below for one store: another block of 2 KiB. */
	assert_int_equal(dispatch(WATCHPOINT, GUEST - 1), 0);
	arm();
	expect_told(0, true);
	assert_int_equal(told_hits(), 0);
}

/* One store over two watched words: the second traps during the step. */
static void store_over_two_slots_hits_both(void **state)
{
	(void)state;
	watch_word(1, GUEST);
	watch_word(2, GUEST + 4);
	arm();
	assert_int_equal(dispatch(WATCHPOINT, GUEST), 1 << 1);
	arm();
	assert_int_equal(dispatch(WATCHPOINT, GUEST), 1 << 2);
	arm();
	expect_told(0, true);
	assert_true(is_hit(&fixture.watch, 1));
	assert_true(is_hit(&fixture.watch, 2));
	dispatch(STEP, 0);
	arm();
	expect_told(1 << 1 | 1 << 2, false);
}

static void two_slots_on_one_word_latch_both(void **state)
{
	(void)state;
	watch_word(1, GUEST);
	watch_word(3, GUEST);
	arm();
	assert_int_equal(dispatch(WATCHPOINT, GUEST + 3), 1 << 1 | 1 << 3);
	assert_int_equal(told_hits(), 2);
}

/* A step that KVM refuses would have the vCPU trap at the store for ever. */
static void refused_step_ends_the_vcpu(void **state)
{
	(void)state;
	watch_word(1, GUEST);
	arm();
	fixture.answers[1] = fixture.answers[2] = fixture.answers[3] = -EINVAL;
	dispatch(WATCHPOINT, GUEST);
	arm();
	arm();
	assert_int_equal(watch_arm(&fixture.cpu, &fixture.error), -EINVAL);
	assert_true(strstr(fixture.error.text, "can't get past") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(wcr_at_offset_0),
		CASE(wcr_at_offset_4),
		CASE(wvr_is_the_doubleword),
		CASE(wcr_of_each_length),
		CASE(far_finds_the_user_slot),
		CASE(foreign_exception_classes_are_ignored),
		CASE(step_clears_the_pending_mark),
		CASE(null_gate_refuses_but_steps),
		CASE(gate_is_read_after_the_step),
		CASE(gate_that_falls_by_the_store_refuses),
		CASE(gate_of_a_new_request_is_not_judged),
		CASE(store_from_below_hits_and_steps),
		CASE(far_that_finds_nothing_steps_all_the_same),
		CASE(store_over_two_slots_hits_both),
		CASE(two_slots_on_one_word_latch_both),
		CASE(refused_step_ends_the_vcpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

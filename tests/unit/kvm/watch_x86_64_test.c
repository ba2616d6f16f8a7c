/* SPDX-License-Identifier: MIT */
/* x86's watchpoints: DR7 as KVM is told it, DR6 as it comes. */
#include "watch_fixture.h"

static unsigned int dispatch(uint64_t dr6)
{
	const struct kvm_debug_exit_arch exit = { .dr6 = dr6 };

	return watch_dispatch(&fixture.cpu, &exit);
}

static void dr7_of_slot_0_alone(void **state)
{
	(void)state;
	watch_gated(GUEST + 4, NULL, 0);
	arm();
	assert_int_equal(fixture.told.control, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP);
	assert_int_equal(fixture.told.arch.debugreg[0], GUEST + 4);
	assert_int_equal(fixture.told.arch.debugreg[7], 0xd0703);
}

static void dr7_of_all_slots(void **state)
{
	unsigned int slot;

	(void)state;
	for (slot = 0; slot < WATCH_SLOTS; slot++)
		watch_word(slot, GUEST + 8 * slot);
	arm();
	assert_int_equal(fixture.calls, 1);
	for (slot = 0; slot < WATCH_SLOTS; slot++)
		assert_int_equal(fixture.told.arch.debugreg[slot], GUEST + 8 * slot);
	assert_int_equal(fixture.told.arch.debugreg[7], 0xdddd07ff);
}

/* LEN: 00 is a byte, 01 two, 11 four, 10 eight (SDM vol. 3B, 17.2.4). */
static void dr7_of_each_length(void **state)
{
	const struct watch_set set = {
		.points = { { GUEST, 1 }, { GUEST, 2 }, { GUEST, 4 }, { GUEST, 8 } }
	};
	struct kvm_guest_debug debug;

	(void)state;
	watch_encode(&set, 0xf, false, &debug);
	assert_int_equal(debug.arch.debugreg[7], 0x9d5107ff);
	watch_encode(&set, 0x8, true, &debug);
	assert_int_equal(debug.arch.debugreg[7], 0x900007c0);
	assert_int_equal(debug.control,
			 KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP | KVM_GUESTDBG_SINGLESTEP);
	watch_encode(&set, 0, false, &debug);
	assert_int_equal(debug.control, 0);
	assert_int_equal(debug.arch.debugreg[7], 0);
}

static void dr6_b2_is_user_slot_1(void **state)
{
	unsigned int slot;

	(void)state;
	for (slot = WATCH_USER_SLOT; slot < WATCH_SLOTS; slot++)
		watch_word(slot, GUEST + 8 * slot);
	arm();
	assert_int_equal(dispatch(4), 4);
	assert_false(is_hit(&fixture.watch, WATCH_USER_SLOT));
	assert_true(is_hit(&fixture.watch, WATCH_USER_SLOT + 1));
	assert_false(is_hit(&fixture.watch, WATCH_USER_SLOT + 2));
	assert_int_equal(told_hits(), 1);
	assert_int_equal(dispatch(4), 4);
	assert_int_equal(told_hits(), 0);
}

static void dr6_b0_and_b2_with_the_gate_at_1024(void **state)
{
	uint32_t gate = 1024;

	(void)state;
	watch_gated(GUEST, &gate, 1024);
	watch_word(2, GUEST + 8);
	arm();
	assert_int_equal(dispatch(5), 5);
	assert_true(is_hit(&fixture.watch, WATCH_GATED));
	assert_true(is_hit(&fixture.watch, 2));
	assert_int_equal(told_hits(), 2);
}

static void gate_below_its_threshold_refuses(void **state)
{
	uint32_t gate = 1023;

	(void)state;
	watch_gated(GUEST, &gate, 1024);
	arm();
	assert_int_equal(dispatch(1), 1);
	assert_false(is_hit(&fixture.watch, WATCH_GATED));
	gate = UINT32_MAX;
	assert_int_equal(dispatch(1), 1);
	assert_true(is_hit(&fixture.watch, WATCH_GATED));
	assert_int_equal(fixture.logged, 0);
}

static void null_gate_refuses_and_says_so(void **state)
{
	(void)state;
	watch_gated(GUEST, NULL, 0);
	arm();
	assert_int_equal(dispatch(1), 1);
	assert_false(is_hit(&fixture.watch, WATCH_GATED));
	assert_int_equal(fixture.logged, 1);
	/* A trap comes after the store: nothing is stepped over. */
	arm();
	assert_int_equal(fixture.calls, 1);
}

/* Some KVMs set upper bits; bits of slots that are not in use mean nothing. */
static void other_bits_of_dr6_are_ignored(void **state)
{
	(void)state;
	watch_word(1, GUEST);
	watch_word(3, GUEST + 8);
	arm();
	assert_int_equal(dispatch(0), 0);
	assert_int_equal(dispatch(0xffff0ff0), 0);
	assert_int_equal(dispatch(0xffffffff00000ff5), 0);
	assert_int_equal(told_hits(), 0);
	assert_int_equal(dispatch(0xffffffffffff0fff), 0xa);
	assert_true(is_hit(&fixture.watch, 1));
	assert_true(is_hit(&fixture.watch, 3));
	assert_int_equal(told_hits(), 2);
}

static void hit_of_an_earlier_request_is_not_the_new_ones(void **state)
{
	uint32_t gate = 1024;

	(void)state;
	watch_word(1, GUEST);
	watch_gated(GUEST, &gate, 1024);
	arm();
	watch_word(1, GUEST + 8);
	watch_gated(GUEST + 8, &gate, 0);
	dispatch(3);
	assert_false(is_hit(&fixture.watch, WATCH_GATED));
	assert_false(is_hit(&fixture.watch, 1));
	arm();
	dispatch(3);
	assert_true(is_hit(&fixture.watch, WATCH_GATED));
	assert_true(is_hit(&fixture.watch, 1));
}

static void dr6_bs_is_a_step(void **state)
{
	const struct kvm_debug_exit_arch step = { .dr6 = 0xffff4ff0 };
	const struct kvm_debug_exit_arch none = { .dr6 = 0xffffbff1 };
	const struct watch_set set = { .points = { { GUEST, 4 } } };

	(void)state;
	assert_true(watch_decode(&set, 1, &step).stepped);
	assert_int_equal(watch_decode(&set, 1, &step).hits, 0);
	assert_false(watch_decode(&set, 1, &none).stepped);
	assert_int_equal(watch_decode(&set, 1, &none).hits, 1);
	assert_int_equal(watch_decode(&set, 1, &none).suspend, 0);
}

static void refused_set_leaves_the_one_before(void **state)
{
	int i;

	(void)state;
	for (i = 1; i < 4; i++)
		fixture.answers[i] = -ENXIO;
	watch_word(2, GUEST);
	arm();
	watch_word(1, GUEST);
	for (i = 0; i < 3; i++)
		arm();
	assert_int_equal(dispatch(4), 4);
	assert_true(is_hit(&fixture.watch, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(dr7_of_slot_0_alone),
		CASE(dr7_of_all_slots),
		CASE(dr7_of_each_length),
		CASE(dr6_b2_is_user_slot_1),
		CASE(dr6_b0_and_b2_with_the_gate_at_1024),
		CASE(gate_below_its_threshold_refuses),
		CASE(null_gate_refuses_and_says_so),
		CASE(other_bits_of_dr6_are_ignored),
		CASE(hit_of_an_earlier_request_is_not_the_new_ones),
		CASE(dr6_bs_is_a_step),
		CASE(refused_set_leaves_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

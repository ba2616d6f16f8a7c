/* SPDX-License-Identifier: MIT */
/* Watchpoints, as far as they are the same everywhere: requests, latching, arming, single steps. */
#include "watch_fixture.h"

/* A debug exit that tells nothing. */
static const struct kvm_debug_exit_arch nothing;

static void nothing_is_armed_before_the_first_request(void **state)
{
	(void)state;
	arm();
	assert_int_equal(fixture.calls, 0);
}

static void arming_mark_is_set_once(void **state)
{
	(void)state;
	watch_word(1, GUEST);
	watch_word(2, GUEST + 8);
	arm();
	assert_int_equal(fixture.calls, 1);
	assert_int_equal(fixture.told.control & KVM_GUESTDBG_ENABLE, KVM_GUESTDBG_ENABLE);
	arm();
	assert_int_equal(fixture.calls, 1);
	watch_word(3, GUEST);
	arm();
	assert_int_equal(fixture.calls, 2);
}

static void withdrawn_requests_are_disarmed(void **state)
{
	(void)state;
	watch_word(3, GUEST);
	arm();
	watch_latch(&fixture.watch, 3);
	watch_withdraw(&fixture.watch, 3);
	watch_withdraw(&fixture.watch, 3);
	watch_withdraw(&fixture.watch, 99);
	arm();
	assert_int_equal(fixture.calls, 2);
	assert_int_equal(fixture.told.control, 0);
	assert_true(is_hit(&fixture.watch, 3));
}

static void user_slot_latches_once_only(void **state)
{
	(void)state;
	watch_word(2, GUEST);
	assert_false(is_hit(&fixture.watch, 2));
	assert_true(watch_latch(&fixture.watch, 2));
	assert_false(watch_latch(&fixture.watch, 2));
	assert_true(is_hit(&fixture.watch, 2));
	assert_false(is_hit(&fixture.watch, 1));
	assert_int_equal(told_hits(), 1);
	assert_int_equal(told_hits(), 0);
	assert_true(watch_take(&fixture.watch, 2));
	assert_false(watch_take(&fixture.watch, 2));
	assert_true(watch_latch(&fixture.watch, 2));
	assert_int_equal(told_hits(), 1);
}

static void gated_slot_latches_once_only(void **state)
{
	(void)state;
	assert_true(watch_latch(&fixture.watch, WATCH_GATED));
	assert_false(watch_latch(&fixture.watch, WATCH_GATED));
	assert_int_equal(told_hits(), 1);
}

/* Many vCPUs hit the same slot at the same time. */
static void *latch_in_a_thread(void *start)
{
	pthread_barrier_wait(start);
	return (void *)(uintptr_t)watch_latch(&fixture.watch, 3);
}

static void one_of_many_threads_latches(void **state)
{
	enum { THREADS = 4, ROUNDS = 50 };
	pthread_t threads[THREADS];
	pthread_barrier_t start;
	int round, i;

	(void)state;
	pthread_barrier_init(&start, NULL, THREADS);
	for (round = 0; round < ROUNDS; round++) {
		uintptr_t winners = 0;

		for (i = 0; i < THREADS; i++)
			assert_int_equal(
				pthread_create(&threads[i], NULL, latch_in_a_thread, &start), 0);
		for (i = 0; i < THREADS; i++) {
			void *won;

			assert_int_equal(pthread_join(threads[i], &won), 0);
			winners += (uintptr_t)won;
		}
		assert_int_equal(winners, 1);
		assert_int_equal(told_hits(), 1);
		assert_true(watch_take(&fixture.watch, 3));
	}
	pthread_barrier_destroy(&start);
}

static void latch_with_index_99_is_harmless(void **state)
{
	const struct watch before = fixture.watch;
	unsigned int slot;

	(void)state;
	assert_false(watch_latch(&fixture.watch, 99));
	assert_false(watch_latch(&fixture.watch, WATCH_SLOTS));
	assert_false(is_hit(&fixture.watch, 99));
	assert_false(watch_take(&fixture.watch, 99));
	assert_memory_equal(&before, &fixture.watch, sizeof(before));
	for (slot = 0; slot < WATCH_SLOTS; slot++)
		assert_false(is_hit(&fixture.watch, slot));
	assert_int_equal(told_hits(), 0);
}

static void full_eventfd_is_harmless(void **state)
{
	const uint64_t most = UINT64_MAX - 1;

	(void)state;
	assert_int_equal(write(fixture.watch.eventfd, &most, sizeof(most)), sizeof(most));
	assert_true(watch_latch(&fixture.watch, 1));
	assert_true(is_hit(&fixture.watch, 1));
}

static void new_request_forgets_the_hit(void **state)
{
	(void)state;
	watch_word(1, GUEST);
	watch_latch(&fixture.watch, 1);
	watch_word(1, GUEST + 4);
	assert_false(is_hit(&fixture.watch, 1));
}

static void bad_requests_are_refused(void **state)
{
	static const struct watch_point bad[] = {
		{ GUEST + 1, 0 }, { GUEST + 2, 4 }, { GUEST + 3, 4 }, { GUEST + 1, 2 },
		{ GUEST + 4, 8 }, { GUEST, 3 },	    { GUEST, 16 },    { GUEST, UINT32_MAX },
	};
	struct watch_request request = { .point = { .address = GUEST } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error error = { "" };

		request.point = bad[i];
		assert_int_equal(watch_request(&fixture.watch, 1, &request, &error), -EINVAL);
		assert_true(strstr(error.text, "can't be watched") != NULL);
	}
	request.point = (struct watch_point){ GUEST, 4 };
	assert_int_equal(watch_request(&fixture.watch, WATCH_SLOTS, &request, NULL), -EINVAL);
	assert_int_equal(watch_request(&fixture.watch, 99, &request, NULL), -EINVAL);
	arm();
	assert_int_equal(fixture.calls, 0);
}

static void all_lengths_are_taken(void **state)
{
	uint32_t length;

	(void)state;
	for (length = 1; length <= 8; length *= 2) {
		const struct watch_point point = { GUEST + 56 + 8 - length, length };

		assert_int_equal(watch_check(&point, &fixture.error), 0);
	}
}

static void tag_is_copied_and_cut(void **state)
{
	char tag[2 * WATCH_TAG_SIZE];
	struct watch_request request = { .point = { .address = GUEST }, .tag = tag };

	(void)state;
	memset(tag, 't', sizeof(tag));
	tag[sizeof(tag) - 1] = '\0';
	assert_int_equal(watch_request(&fixture.watch, 1, &request, &fixture.error), 0);
	memset(tag, 'x', sizeof(tag) - 1);
	assert_int_equal(strlen(fixture.watch.slots[1].tag), WATCH_TAG_SIZE - 1);
	assert_int_equal(fixture.watch.slots[1].tag[0], 't');
}

static void interrupted_arming_is_retried(void **state)
{
	(void)state;
	fixture.answers[0] = fixture.answers[1] = fixture.answers[2] = -EINTR;
	fixture.answers[3] = -EINTR;
	watch_word(1, GUEST);
	arm();
	assert_int_equal(fixture.calls, 5);
	assert_int_equal(fixture.logged, 0);
	arm();
	assert_int_equal(fixture.calls, 5);
}

static int always_interrupted(void *context, const struct kvm_guest_debug *debug)
{
	(void)context;
	(void)debug;
	fixture.calls++;
	return -EINTR;
}

static void endless_interruptions_end(void **state)
{
	static const struct watch_ops ops = { always_interrupted, read_guest, take_log };
	unsigned int first;

	(void)state;
	watch_cpu_init(&fixture.cpu, &fixture.watch, &ops, NULL);
	watch_word(1, GUEST);
	arm();
	first = fixture.calls;
	assert_uint_in_range(first, 2, 10000);
	arm();
	assert_int_equal(fixture.calls, 2 * first);
}

static void three_errors_give_up_for_that_set(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		fixture.answers[i] = -EINVAL;
	watch_word(1, GUEST);
	for (i = 0; i < 2; i++) {
		arm();
		assert_int_equal(fixture.logged, 0);
	}
	arm();
	assert_int_equal(fixture.calls, 3);
	assert_int_equal(fixture.logged, 1);
	assert_true(strstr(fixture.log, strerror(EINVAL)) != NULL);
	arm();
	assert_int_equal(fixture.calls, 3);
	/* Another set is another try. */
	watch_word(1, GUEST + 8);
	arm();
	assert_int_equal(fixture.calls, 4);
	assert_int_equal(fixture.logged, 1);
}

static void errors_of_different_sets_do_not_add_up(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		fixture.answers[i] = -EINVAL;
	watch_word(1, GUEST);
	arm();
	arm();
	watch_word(2, GUEST);
	arm();
	arm();
	assert_int_equal(fixture.logged, 0);
	arm();
	assert_int_equal(fixture.calls, 5);
}

static void every_vcpu_arms(void **state)
{
	struct watch_cpu other;

	(void)state;
	watch_cpu_init(&other, &fixture.watch, &fixture_ops, NULL);
	watch_word(1, GUEST);
	arm();
	assert_int_equal(watch_arm(&other, &fixture.error), 0);
	assert_int_equal(fixture.calls, 2);
}

/* The rest: on a KVM whose watchpoints don't fire. */
static void use_single_steps(void)
{
	fixture.watch.method = WATCH_SINGLE_STEP;
}

static void steps_find_a_change(void **state)
{
	(void)state;
	use_single_steps();
	watch_word(1, GUEST);
	watch_word(3, GUEST + 60);
	fixture.memory[1] = 7;
	arm();
	assert_int_equal(fixture.told.control, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP);
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 0);
	fixture.memory[0] = fixture.memory[3] = 1;
	fixture.memory[4] = 1; /* beside it */
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 1 << 1);
	assert_true(is_hit(&fixture.watch, 1));
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 0);
	fixture.memory[60] = 1;
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 1 << 3);
	assert_int_equal(told_hits(), 2);
	/* It goes on stepping, and tells KVM nothing new. */
	arm();
	assert_int_equal(fixture.calls, 1);
}

static void steps_judge_the_gate(void **state)
{
	uint32_t gate = 1023;

	(void)state;
	use_single_steps();
	watch_gated(GUEST, &gate, 1024);
	arm();
	fixture.memory[0]++;
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 1);
	assert_false(is_hit(&fixture.watch, WATCH_GATED));
	gate = 1024;
	fixture.memory[0]++;
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 1);
	assert_true(is_hit(&fixture.watch, WATCH_GATED));
}

static void steps_end_with_the_last_request(void **state)
{
	(void)state;
	use_single_steps();
	watch_word(1, GUEST);
	arm();
	watch_withdraw(&fixture.watch, 1);
	fixture.memory[0]++;
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 0);
	arm();
	assert_int_equal(fixture.told.control, 0);
}

static void steps_compare_with_the_new_place(void **state)
{
	(void)state;
	use_single_steps();
	watch_word(1, GUEST);
	fixture.memory[8] = 1;
	arm();
	watch_word(1, GUEST + 8);
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 0);
	arm();
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 0);
	fixture.memory[8] = 2;
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 1 << 1);
}

static void steps_of_two_vcpus_see_a_change_once(void **state)
{
	struct watch_cpu other;

	(void)state;
	use_single_steps();
	watch_cpu_init(&other, &fixture.watch, &fixture_ops, NULL);
	watch_word(1, GUEST);
	arm();
	assert_int_equal(watch_arm(&other, &fixture.error), 0);
	fixture.memory[0]++;
	assert_int_equal(watch_dispatch(&other, &nothing), 1 << 1);
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 0);
}

static void unreadable_place_is_no_hit(void **state)
{
	(void)state;
	use_single_steps();
	watch_word(1, GUEST + sizeof(fixture.memory));
	watch_word(2, 0);
	arm();
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 0);
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 0);
}

/* What the slot's earlier place held says nothing of one that can be read only later. */
static void place_that_comes_later_is_no_hit(void **state)
{
	(void)state;
	use_single_steps();
	watch_word(1, GUEST);
	arm();
	fixture.memory[8] = 1;
	fixture.hidden = true;
	watch_word(1, GUEST + 8);
	arm();
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 0);
	fixture.hidden = false;
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 0);
	fixture.memory[8] = 2;
	assert_int_equal(watch_dispatch(&fixture.cpu, &nothing), 1 << 1);
}

static void step_compares_the_length_that_is_watched(void **state)
{
	uint32_t length;

	(void)state;
	for (length = 1; length <= 8; length *= 2) {
		const struct watch_set set = { .points = { [2] = { GUEST + 16, length } } };
		struct watch_values values = { 0 };

		assert_int_equal(watch_step(&set, &values, read_guest, NULL), 0);
		fixture.memory[15]++;
		fixture.memory[16 + length]++;
		assert_int_equal(watch_step(&set, &values, read_guest, NULL), 0);
		fixture.memory[16 + length - 1]++;
		assert_int_equal(watch_step(&set, &values, read_guest, NULL), 1 << 2);
		assert_int_equal(watch_step(&set, &values, read_guest, NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_armed_before_the_first_request),
		CASE(arming_mark_is_set_once),
		CASE(withdrawn_requests_are_disarmed),
		CASE(user_slot_latches_once_only),
		CASE(gated_slot_latches_once_only),
		CASE(one_of_many_threads_latches),
		CASE(latch_with_index_99_is_harmless),
		CASE(full_eventfd_is_harmless),
		CASE(new_request_forgets_the_hit),
		CASE(bad_requests_are_refused),
		CASE(all_lengths_are_taken),
		CASE(tag_is_copied_and_cut),
		CASE(interrupted_arming_is_retried),
		CASE(endless_interruptions_end),
		CASE(three_errors_give_up_for_that_set),
		CASE(errors_of_different_sets_do_not_add_up),
		CASE(every_vcpu_arms),
		CASE(steps_find_a_change),
		CASE(steps_judge_the_gate),
		CASE(steps_end_with_the_last_request),
		CASE(steps_compare_with_the_new_place),
		CASE(steps_of_two_vcpus_see_a_change_once),
		CASE(unreadable_place_is_no_hit),
		CASE(place_that_comes_later_is_no_hit),
		CASE(step_compares_the_length_that_is_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

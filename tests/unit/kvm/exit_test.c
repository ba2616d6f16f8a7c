/* SPDX-License-Identifier: MIT */
/* What exits mean on every architecture, and MMIO. */
#include "exit_fixture.h"

static void unmapped_memory_read_is_ones(void **state)
{
	static const uint8_t ones[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint32_t length;

	(void)state;
	for (length = 1; length <= 8; length++) {
		memory_exit(NOBODYS_ADDRESS, length, false);
		memset(fixture.run->mmio.data, 0, sizeof(fixture.run->mmio.data));
		expect(EXIT_CONTINUE);
		assert_memory_equal(fixture.run->mmio.data, ones, length);
		if (length < 8)
			assert_int_equal(fixture.run->mmio.data[length], 0);
	}
	assert_int_equal(fixture.bus.unhandled_count, 8);
}

static void unmapped_memory_write_is_dropped(void **state)
{
	(void)state;
	memory_exit(NOBODYS_ADDRESS, 4, true);
	memcpy(fixture.run->mmio.data, "\x78\x56\x34\x12", 4);
	expect(EXIT_CONTINUE);
	assert_memory_equal(fixture.run->mmio.data, "\x78\x56\x34\x12", 4);
	assert_int_equal(fixture.bus.unhandled_count, 1);
	assert_int_equal(fixture.bus.unhandled[0].address, NOBODYS_ADDRESS);
	assert_int_equal(fixture.bus.unhandled[0].value, 0x12345678);
	assert_true(fixture.bus.unhandled[0].write);
}

/* Not KVM's, but a run structure is memory: nothing beyond it may be touched. */
static void memory_access_of_impossible_length_is_fatal(void **state)
{
	(void)state;
	memory_exit(NOBODYS_ADDRESS, 9, false);
	expect(EXIT_FATAL);
	memory_exit(NOBODYS_ADDRESS, UINT32_MAX, true);
	expect(EXIT_FATAL);
	assert_string_equal(
		described(),
		"access to address 0xd0000000: KVM's description of it is no valid one");
	assert_int_equal(fixture.bus.unhandled_count, 0);
}

static void hlt_is_halted(void **state)
{
	(void)state;
	fixture.run->exit_reason = KVM_EXIT_HLT;
	expect(EXIT_HALTED);
}

static void shutdown_is_shutdown(void **state)
{
	(void)state;
	fixture.run->exit_reason = KVM_EXIT_SHUTDOWN;
	expect(EXIT_SHUTDOWN);
	assert_string_equal(described(), "the CPU shut down, as after a triple fault");
}

static void system_event(uint32_t type)
{
	fixture.run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	fixture.run->system_event.type = type;
}

static void system_event_1_is_shutdown(void **state)
{
	(void)state;
	system_event(1);
	expect_reason(EXIT_SHUTDOWN, 1);
	assert_string_equal(described(), "the guest powered the machine off");
}

static void system_event_2_is_shutdown(void **state)
{
	(void)state;
	system_event(2);
	expect_reason(EXIT_SHUTDOWN, 2);
	assert_string_equal(described(), "the guest reset the machine");
}

static void system_event_99_continues(void **state)
{
	(void)state;
	system_event(99);
	expect_reason(EXIT_CONTINUE, 99);
	assert_string_equal(described(), "system event 99, which ring0 does not know");
}

static void crash_event_is_reported(void **state)
{
	(void)state;
	system_event(3);
	expect_reason(EXIT_FATAL, 3);
	assert_string_equal(described(), "the guest reported that it crashed");
}

static void fail_entry_carries_its_reason(void **state)
{
	(void)state;
	fixture.run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	fixture.run->fail_entry.hardware_entry_failure_reason = 0xdeadbeef;
	expect_reason(EXIT_FATAL, 0xdeadbeef);
	assert_string_equal(described(),
			    "the CPU refused the VM's state (hardware entry failure 0xdeadbeef)");
	fixture.run->fail_entry.hardware_entry_failure_reason = UINT64_MAX;
	expect_reason(EXIT_FATAL, UINT64_MAX);
}

static void internal_error_is_fatal_without_a_reason(void **state)
{
	static const struct {
		uint32_t suberror;
		const char *text;
	} all[] = {
		{ 1, "KVM gave up (internal error, suberror 1: an instruction that it can't "
		     "emulate)" },
		{ 2, "KVM gave up (internal error, suberror 2: exceptions at the same time)" },
		{ 3, "KVM gave up (internal error, suberror 3: an exit while it delivered an "
		     "event)" },
		{ 4, "KVM gave up (internal error, suberror 4: an exit that it did not expect)" },
		{ 77, "KVM gave up (internal error, suberror 77: unknown)" },
	};
	size_t i;

	(void)state;
	fixture.run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		fixture.run->internal.suberror = all[i].suberror;
		expect(EXIT_FATAL);
		assert_string_equal(described(), all[i].text);
	}
}

static void debug_exit_is_left_to_the_watchpoints(void **state)
{
	(void)state;
	fixture.run->exit_reason = KVM_EXIT_DEBUG;
	expect(EXIT_DEBUG);
}

static void signal_is_nothing(void **state)
{
	(void)state;
	fixture.run->exit_reason = KVM_EXIT_INTR;
	expect(EXIT_NONE);
}

static void unknown_exit_is_reported(void **state)
{
	static const uint32_t unknown[] = { KVM_EXIT_UNKNOWN, KVM_EXIT_HYPERCALL,
					    KVM_EXIT_S390_TSCH, 12345, UINT32_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		fixture.run->exit_reason = unknown[i];
		expect_reason(EXIT_NONE, unknown[i]);
	}
	fixture.run->exit_reason = 12345;
	assert_string_equal(described(),
			    "KVM left the VM for a reason that ring0 does not know, 12345");
}

static void description_is_cut_to_its_room(void **state)
{
	const struct exit exit = { .outcome = EXIT_HALTED };
	char text[8];

	(void)state;
	memset(text, 'z', sizeof(text));
	fixture.run->exit_reason = KVM_EXIT_HLT;
	exit_describe(fixture.run, &exit, text, 4);
	assert_memory_equal(text, "the\0zzzz", sizeof(text));
}

/* Nothing that could stand in a run structure leads outside of it: sanitizers watch. */
static void random_run_structures_are_survived(void **state)
{
	uint32_t random = 1;
	unsigned int round;

	(void)state;
	for (round = 0; round < 100000; round++) {
		uint8_t *bytes = (uint8_t *)fixture.run;
		struct exit exit;
		size_t i;

		for (i = 0; i < offsetof(struct kvm_run, padding) + 64; i++) {
			random = random * 1664525 + 1013904223;
			/* Small numbers are nearer to what is valid. */
			bytes[i] = random >> 30 ? 0 : (uint8_t)(random >> 22);
		}
		fixture.run->exit_reason = random >> 8 & 0x3f;
		exit = classify();
		assert_uint_in_range(exit.outcome, EXIT_CONTINUE, EXIT_NONE);
		exit_describe(fixture.run, &exit, fixture.text, sizeof(fixture.text));
		assert_true(fixture.text[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(unmapped_memory_read_is_ones),
		CASE(unmapped_memory_write_is_dropped),
		CASE(memory_access_of_impossible_length_is_fatal),
		CASE(hlt_is_halted),
		CASE(shutdown_is_shutdown),
		CASE(system_event_1_is_shutdown),
		CASE(system_event_2_is_shutdown),
		CASE(system_event_99_continues),
		CASE(crash_event_is_reported),
		CASE(fail_entry_carries_its_reason),
		CASE(internal_error_is_fatal_without_a_reason),
		CASE(debug_exit_is_left_to_the_watchpoints),
		CASE(signal_is_nothing),
		CASE(unknown_exit_is_reported),
		CASE(description_is_cut_to_its_room),
		CASE(random_run_structures_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* A machine for tests of exits: a run structure as KVM maps it, and a bus with two serial lines. */
#ifndef TESTS_UNIT_KVM_EXIT_FIXTURE_H
#define TESTS_UNIT_KVM_EXIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "devices/serial_add.h"
#include "kvm/exit/exit.h"

/* KVM_GET_VCPU_MMAP_SIZE: the structure, x86's port I/O data, and the coalesced ring. */
#define RUN_SIZE 12288u

#define NOBODYS_ADDRESS 0xd0000000ull

static struct {
	struct kvm_run *run; /* of its own allocation: sanitizers see what goes beyond it */
	struct bus bus;
	struct serial lines[SERIAL_LINES];
	struct capture captures[SERIAL_LINES];
	uint8_t sent[SERIAL_LINES][64];
	char text[256];
} fixture;

static int set_up(void **state)
{
	static const struct irq_line no_irq;
	unsigned int i;

	(void)state;
	memset(&fixture, 0, sizeof(fixture));
	fixture.run = calloc(1, RUN_SIZE);
	bus_init(&fixture.bus);
	for (i = 0; i < SERIAL_LINES; i++) {
		struct output output;

		capture_init(&fixture.captures[i], fixture.sent[i], sizeof(fixture.sent[i]));
		output = capture_output(&fixture.captures[i]);
		serial_init(&fixture.lines[i], &no_irq, &output);
		if (serial_add(&fixture.lines[i], &fixture.bus, serial_base(i), NULL))
			return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(fixture.run);
	return 0;
}

static inline struct exit classify(void)
{
	return exit_classify(fixture.run, RUN_SIZE, &fixture.bus);
}

/* Classify, and expect this outcome without a reason. */
static inline void expect(enum exit_outcome outcome)
{
	struct exit exit = classify();

	assert_int_equal(exit.outcome, outcome);
	assert_false(exit.has_reason);
}

static inline void expect_reason(enum exit_outcome outcome, uint64_t reason)
{
	struct exit exit = classify();

	assert_int_equal(exit.outcome, outcome);
	assert_true(exit.has_reason);
	assert_int_equal(exit.reason, reason);
}

static inline const char *described(void)
{
	struct exit exit = classify();

	exit_describe(fixture.run, &exit, fixture.text, sizeof(fixture.text));
	return fixture.text;
}

static inline void memory_exit(uint64_t address, uint32_t length, bool write)
{
	fixture.run->exit_reason = KVM_EXIT_MMIO;
	fixture.run->mmio.phys_addr = address;
	fixture.run->mmio.len = length;
	fixture.run->mmio.is_write = write;
}

/* What was sent on a line is this and no more. */
static inline void expect_sent(unsigned int line, const char *text)
{
	assert_int_equal(fixture.captures[line].total, strlen(text));
	assert_memory_equal(fixture.sent[line], text, strlen(text));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif /* TESTS_UNIT_KVM_EXIT_FIXTURE_H */

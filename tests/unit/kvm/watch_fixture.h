/* SPDX-License-Identifier: MIT */
/* A vCPU for tests of watchpoints, that remembers what KVM was told, and its guest's memory. */
#ifndef TESTS_UNIT_KVM_WATCH_FIXTURE_H
#define TESTS_UNIT_KVM_WATCH_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/address.h"
#include "kvm/watch/watch.h"
#include "tests/unit/kvm/watch_hit.h"

/* Where the guest's memory begins. */
#define GUEST 0xffffffff81000000ull

static struct {
	struct watch watch;
	struct watch_cpu cpu;
	struct kvm_guest_debug told; /* by the last call */
	unsigned int calls;
	int answers[8]; /* to the first calls; the others succeed */
	uint8_t memory[64];
	bool hidden; /* it can't be read */
	unsigned int logged;
	char log[256]; /* the last line */
	struct error error;
} fixture;

static int tell_kvm(void *context, const struct kvm_guest_debug *debug)
{
	unsigned int call = fixture.calls++;

	(void)context;
	fixture.told = *debug;
	return call < sizeof(fixture.answers) / sizeof(fixture.answers[0]) ? fixture.answers[call] :
									     0;
}

static int read_guest(void *context, uint64_t address, void *data, size_t length)
{
	(void)context;
	if (fixture.hidden || !range_holds(GUEST, sizeof(fixture.memory), address, length))
		return -EFAULT;
	memcpy(data, fixture.memory + (address - GUEST), length);
	return 0;
}

static void take_log(void *context, const char *text)
{
	(void)context;
	fixture.logged++;
	strncpy(fixture.log, text, sizeof(fixture.log) - 1);
}

static const struct watch_ops fixture_ops = { tell_kvm, read_guest, take_log };

static int set_up(void **state)
{
	(void)state;
	memset(&fixture, 0, sizeof(fixture));
	if (watch_init(&fixture.watch, WATCH_HARDWARE, &fixture.error))
		return -1;
	watch_cpu_init(&fixture.cpu, &fixture.watch, &fixture_ops, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	watch_finish(&fixture.watch);
	return 0;
}

static inline void arm(void)
{
	assert_int_equal(watch_arm(&fixture.cpu, &fixture.error), 0);
}

/* Watch four bytes; without a gate. */
static inline void watch_word(unsigned int slot, uint64_t address)
{
	const struct watch_request request = { .point = { .address = address } };

	assert_int_equal(watch_request(&fixture.watch, slot, &request, &fixture.error), 0);
}

static inline void watch_gated(uint64_t address, const uint32_t *gate, uint32_t threshold)
{
	const struct watch_request request = {
		.point = { .address = address },
		.gate = gate,
		.threshold = threshold,
	};

	assert_int_equal(watch_request(&fixture.watch, WATCH_GATED, &request, &fixture.error), 0);
}

/* How many hits the eventfd told of since the last call. */
static inline uint64_t told_hits(void)
{
	uint64_t count;

	if (read(fixture.watch.eventfd, &count, sizeof(count)) == sizeof(count))
		return count;
	assert_int_equal(errno, EAGAIN);
	return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif /* TESTS_UNIT_KVM_WATCH_FIXTURE_H */

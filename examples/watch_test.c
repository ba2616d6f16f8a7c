/* SPDX-License-Identifier: MIT */
/*
 * Who writes to a variable: R0_WATCH() has the test's output tell of each write, with the old and
 * the new value and the calls that led to it. `watch_test --verbose` shows it; of a test that fails
 * it is shown anyway.
 */
#include <ring0.h>

/* The last four of what was pushed. */
static struct {
	uint32_t entries[4];
	uint32_t count;
	uint32_t owner;
} ring = { .owner = 0x1234 };

static void push(uint32_t value)
{
	ring.entries[ring.count++ % 4] = value;
}

static void push_all(const uint32_t *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		push(values[i]);
}

static const uint32_t values[] = { 10, 20, 30, 40, 50 };

R0_TEST(ring, keeps_the_last_four, .watch = R0_WATCH(&ring.entries[0], &ring.owner))
{
	push_all(values, 5);
	R0_ASSERT_EQ(ring.entries[0], 50);
	R0_ASSERT_EQ(ring.owner, 0x1234);
}

/* SPDX-License-Identifier: MIT */
/*
 * Measuring by the CPU's counter. Depends on the outside for the clock that tells how fast that counts.
 */
#include <ring0.h>
#include "guest/entry/cycles.h"
#include "guest/host/outside.h"
#include "guest/host/require.h"
#include "guest/test/measure.h"

/* A sample of so many cycles at least, so that the readings' own differences do not count. */
#define SAMPLE_CYCLES 4000

/* Nor has it more executions than that: there may be nothing in the block. */
#define MOST_EXECUTIONS 65536

/* Warm-up goes on for so many samples, but ends when so much time is over. */
#define WARM_ROUNDS 12
#define WARM_NS	    200000000ull

/* After so much time fewer samples are enough, but not fewer than that. */
#define MEASURE_NS    1000000000ull
#define LEAST_SAMPLES 5

/* For how long the counter is compared with the clock. */
#define CLOCK_NS 10000000ull

/* One of so many is not interrupted, it is hoped. */
#define CLOCK_READINGS 8

/* How often an empty block is measured. */
#define EMPTY_ROUNDS 15

#define DECIMALS 3

/* In the machine's copy, as all of a test's. */
static bool has_begun;

enum phase { PHASE_NONE, PHASE_WARM, PHASE_MEASURE };

uint64_t r0_measure_start(struct r0_measurement *measurement)
{
	measurement->is_whole = false;
	measurement->start = read_cycles();
	return measurement->executions;
}

bool r0_measure_stop(struct r0_measurement *measurement)
{
	measurement->stop = read_cycles();
	measurement->is_whole = true;
	return false;
}

/* The clock, and the counter when it was read: amid the two readings around it that are closest to each other. */
static uint64_t read_both(uint64_t *cycles)
{
	uint64_t clock = 0, closest = UINT64_MAX;
	int i;

	for (i = 0; i < CLOCK_READINGS; i++) {
		uint64_t before = read_cycles(), now = outside->clock(), after = read_cycles();

		if (after - before >= closest)
			continue;
		closest = after - before;
		*cycles = before + closest / 2;
		clock = now;
	}
	return clock;
}

static uint64_t find_khz(void)
{
	uint64_t start_cycles, cycles, start = read_both(&start_cycles), now;

	while (outside->clock() - start < CLOCK_NS)
		;
	now = read_both(&cycles);
	return (cycles - start_cycles) * 1000000 / (now - start) + 1;
}

/* What the same costs with nothing in the block. */
static uint64_t find_own_cost(uint64_t executions)
{
	struct r0_measurement empty = { .executions = executions };
	uint64_t least = UINT64_MAX;
	int i;

	for (i = 0; i < EMPTY_ROUNDS; i++) {
		for (uint64_t left = r0_measure_start(&empty); left || r0_measure_stop(&empty);
		     left--)
			__atomic_signal_fence(__ATOMIC_SEQ_CST);
		if (empty.stop - empty.start < least)
			least = empty.stop - empty.start;
	}
	return least;
}

static void sort(uint64_t *samples, uint64_t count)
{
	uint64_t i, j;

	for (i = 1; i < count; i++) {
		uint64_t sample = samples[i];

		for (j = i; j && samples[j - 1] > sample; j--)
			samples[j] = samples[j - 1];
		samples[j] = sample;
	}
}

/* A sample's cycles as thousandths of those of one execution, and as picoseconds. */
static int64_t in_cycles(const struct r0_measurement *measurement, uint64_t cycles)
{
	return (int64_t)multiply_and_divide(cycles, 1000, measurement->executions);
}

static int64_t in_nanoseconds(const struct r0_measurement *measurement, uint64_t cycles)
{
	return (int64_t)multiply_and_divide(cycles, 1000000000,
					    measurement->khz * measurement->executions);
}

static void give(const struct r0_measurement *measurement, const char *unit,
		 int64_t (*convert)(const struct r0_measurement *measurement, uint64_t cycles))
{
	const uint64_t *samples = measurement->samples, count = measurement->rounds;
	const struct r0_given_value value = {
		.name = "time",
		.unit = unit,
		.number = convert(measurement, samples[count / 2]),
		.minimum = convert(measurement, samples[0]),
		.spread = convert(measurement, samples[count * 3 / 4] - samples[count / 4]),
		.samples = (uint32_t)count,
		.decimals = DECIMALS,
	};

	give_value(&value);
}

static void conclude(struct r0_measurement *measurement)
{
	uint64_t own = find_own_cost(measurement->executions), i;

	for (i = 0; i < measurement->rounds; i++)
		measurement->samples[i] -= measurement->samples[i] < own ? measurement->samples[i] :
									   own;
	sort(measurement->samples, measurement->rounds);
	give(measurement, cycles_unit, in_cycles);
	give(measurement, "ns", in_nanoseconds);
	has_measured = true;
}

static bool has_lasted(const struct r0_measurement *measurement, uint64_t nanoseconds)
{
	return (measurement->stop - measurement->since) / measurement->khz * 1000000 > nanoseconds;
}

static void begin_phase(struct r0_measurement *measurement, enum phase phase)
{
	measurement->phase = phase;
	measurement->rounds = 0;
	measurement->since = read_cycles();
}

static void warm_up(struct r0_measurement *measurement, uint64_t sample)
{
	measurement->rounds++;
	if (sample < SAMPLE_CYCLES && measurement->executions < MOST_EXECUTIONS)
		measurement->executions *= 2;
	else if (measurement->rounds >= WARM_ROUNDS || has_lasted(measurement, WARM_NS))
		begin_phase(measurement, PHASE_MEASURE);
}

bool r0_measure_next(struct r0_measurement *measurement)
{
	uint64_t sample = measurement->stop - measurement->start;

	if (measurement->phase == PHASE_NONE) {
		require_guest("R0_MEASURE");
		if (has_begun)
			r0_fail(measurement->file, measurement->line,
				"a second R0_MEASURE in a test: it measures one thing");
		has_begun = true;
		measurement->executions = 1;
		measurement->khz = find_khz();
		begin_phase(measurement, PHASE_WARM);
		return true;
	}
	if (!measurement->is_whole)
		r0_fail(measurement->file, measurement->line,
			"the block of R0_MEASURE was left by a break");
	if (measurement->phase == PHASE_WARM) {
		warm_up(measurement, sample);
		return true;
	}
	measurement->samples[measurement->rounds++] = sample;
	if (measurement->rounds < R0_MEASURE_SAMPLES &&
	    (measurement->rounds < LEAST_SAMPLES || !has_lasted(measurement, MEASURE_NS)))
		return true;
	conclude(measurement);
	return false;
}

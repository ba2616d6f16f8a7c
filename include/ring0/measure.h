/* SPDX-License-Identifier: MIT */
/*
 * Measuring: values that every report has, and benchmarks. Called inside a test, in ring 0 or 3.
 *
 *	R0_BENCHMARK(port, write, .ioports = R0_IOPORTS({ 0x80, 0 }))
 *	{
 *		R0_MEASURE {
 *			r0_out8(0x80, 0);
 *		}
 *	}
 */
#ifndef RING0_MEASURE_H
#define RING0_MEASURE_H

#include <ring0/private/types.h>
#include <ring0/test.h>

/* For empty arguments, as in <ring0/test.h>. */
#pragma GCC system_header

/*
 * Have a number in the test's report: r0_value("entries", "pages", count). Name and unit are texts of up to 200 bytes,
 * of which control characters become question marks. A test may give up to 1000; one more fails it.
 */
void r0_value(const char *name, const char *unit, int64_t number);

/*
 * A test that measures: its body has one R0_MEASURE { … }, or it fails. Attributes, name and all else are those of
 * R0_TEST().
 */
#define R0_BENCHMARK(suite_, name_, ...)                                               \
	static void r0_benchmark_##suite_##_##name_(void);                             \
	static void r0_test_##suite_##_##name_(void)                                   \
	{                                                                              \
		r0_benchmark(r0_benchmark_##suite_##_##name_, __FILE__, __LINE__);     \
	}                                                                              \
	static const struct r0_test r0_test_of_##suite_##_##name_ = {                  \
		.attributes = #__VA_ARGS__,                                            \
		R0_NOTHING_(~, ##__VA_ARGS__) __VA_OPT__(.options = { __VA_ARGS__ }, ) \
			R0_TEST_MEMBERS_(#suite_, #name_, r0_test_##suite_##_##name_)  \
	};                                                                             \
	R0_TEST_POINTER_(r0_test_at_##suite_##_##name_, r0_test_of_##suite_##_##name_) \
	static void r0_benchmark_##suite_##_##name_(void)

/*
 * Execute the block that follows again and again, and have the time of one execution in the report: in cycles of the
 * TSC and in nanoseconds, the median of 101 samples, the least of them, and how far apart the quartiles are. First the
 * block runs for warming up, and to see how many executions make a sample of a few thousand cycles. What a block costs
 * in which nothing is, fences and all, is taken off. Interrupts stay as they are. The block may `continue`, which ends
 * an execution, but not leave otherwise. Once in a test.
 */
#define R0_MEASURE                                                                           \
	for (struct r0_measurement r0_measurement_ = { .file = __FILE__, .line = __LINE__ }; \
	     r0_measure_next(&r0_measurement_);)                                             \
		for (uint64_t r0_left_ = r0_measure_start(&r0_measurement_);                 \
		     r0_left_ || r0_measure_stop(&r0_measurement_); r0_left_--)

#define R0_MEASURE_SAMPLES 101

/* A measurement, between its samples. */
struct r0_measurement {
	const char *file;
	int line;
	uint32_t phase;
	uint64_t start, stop; /* of the last sample, by the TSC */
	uint64_t executions;  /* of the block in a sample */
	uint64_t khz;	      /* of the TSC */
	uint64_t since;	      /* the phase goes on, by the TSC */
	uint64_t rounds;      /* samples of the phase */
	bool is_whole;	      /* the block was not left */
	uint64_t samples[R0_MEASURE_SAMPLES];
};

void r0_benchmark(void (*fn)(void), const char *file, int line);
bool r0_measure_next(struct r0_measurement *measurement);
uint64_t r0_measure_start(struct r0_measurement *measurement);
bool r0_measure_stop(struct r0_measurement *measurement);

#endif /* RING0_MEASURE_H */

/* SPDX-License-Identifier: MIT */
/* Teams of threads: each runs what it is given once, all are waited for, again and again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "machine/cpu_threads.h"

#define SIZE   5
#define ROUNDS 200

struct tally {
	atomic_uint runs[SIZE + 2];
	atomic_uint now;
	atomic_bool together; /* all of them ran at one time */
};

static void count(void *context, unsigned int number)
{
	struct tally *tally = context;

	atomic_fetch_add(&tally->runs[number], 1);
}

static void start_all(struct cpu_threads *threads, void (*run)(void *context, unsigned int number),
		      void *context)
{
	unsigned int i;

	for (i = 1; i <= SIZE; i++)
		cpu_threads_start(threads, i, run, context);
}

static void each_runs_once(void **state)
{
	struct error error = { 0 };
	struct tally tally = { 0 };
	struct cpu_threads *threads;
	unsigned int i, round;

	(void)state;
	assert_int_equal(cpu_threads_create(&threads, SIZE, &error), 0);
	for (round = 1; round <= ROUNDS; round++) {
		start_all(threads, count, &tally);
		cpu_threads_wait(threads);
		for (i = 1; i <= SIZE; i++)
			assert_int_equal(tally.runs[i], round);
	}
	assert_int_equal(tally.runs[0], 0);
	assert_int_equal(tally.runs[SIZE + 1], 0);
	cpu_threads_destroy(threads);
}

/* Comes back only when all have come. */
static void meet(void *context, unsigned int number)
{
	struct tally *tally = context;

	count(context, number);
	atomic_fetch_add(&tally->now, 1);
	while (atomic_load(&tally->now) < SIZE)
		;
	atomic_store(&tally->together, true);
}

static void they_run_at_a_time(void **state)
{
	struct error error = { 0 };
	struct tally tally = { 0 };
	struct cpu_threads *threads;

	(void)state;
	assert_int_equal(cpu_threads_create(&threads, SIZE, &error), 0);
	start_all(threads, meet, &tally);
	cpu_threads_wait(threads);
	assert_true(tally.together);
	cpu_threads_destroy(threads);
}

/* Others are neither woken nor waited for. */
static void one_runs_alone(void **state)
{
	struct error error = { 0 };
	struct tally tally = { 0 };
	struct cpu_threads *threads;
	unsigned int i;

	(void)state;
	assert_int_equal(cpu_threads_create(&threads, SIZE, &error), 0);
	cpu_threads_wait(threads);
	cpu_threads_start(threads, 2, count, &tally);
	cpu_threads_wait(threads);
	cpu_threads_start(threads, SIZE, count, &tally);
	cpu_threads_wait(threads);
	for (i = 0; i < SIZE + 2; i++)
		assert_int_equal(tally.runs[i], i == 2 || i == SIZE);
	cpu_threads_destroy(threads);
}

static void one_that_never_ran_ends(void **state)
{
	struct error error = { 0 };
	struct cpu_threads *threads;

	(void)state;
	assert_int_equal(cpu_threads_create(&threads, SIZE, &error), 0);
	cpu_threads_destroy(threads);
	cpu_threads_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_runs_once),
		cmocka_unit_test(they_run_at_a_time),
		cmocka_unit_test(one_runs_alone),
		cmocka_unit_test(one_that_never_ran_ends),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}

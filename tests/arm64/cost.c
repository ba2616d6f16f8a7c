/* SPDX-License-Identifier: MIT */
/*
 * What an empty test costs, with its reset: how many calls of KVM, which this program counts on their way, and how
 * much time they take, in units of a KVM_RUN that returns at once. Prints TAP. The time is a comment: it is the machine's.
 */
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "routine.h"

/* Tests of a kind, of which the first ones are not counted. */
#define TESTS	"600"
#define FIRST	100u
#define COUNTED 400u

R0_TEST(cost, empty)
{
}

static void no_more(void)
{
}

R0_TEST(cost, with_teardown, .teardown = no_more)
{
}

/* What a compiler makes of most functions. */
R0_TEST(cost, on_the_stack)
{
	volatile char some[256] = { 0 };

	R0_ASSERT_EQ(some[3], 0);
}

static struct {
	unsigned int runs, logs, sets, gets, inits, others;
	unsigned int most; /* gets of a test that the clock did not interrupt */
} calls;

/* Since the last look at the dirty log. */
static struct {
	unsigned int gets;
	bool interrupted;
} since;

/* Tests that were reset so far. */
static unsigned int tests;
/* Seconds, of which the median is told: some are another process's. */
static double unit, spent[COUNTED], spent_now;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int by_size(const void *first, const void *second)
{
	const double *a = first, *b = second;

	return (*a > *b) - (*a < *b);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_size);
	return values[count / 2];
}

/* The vCPU is about to start a test: what is pending there is completed, as it would be by the next KVM_RUN. */
static void measure_unit(int vcpu)
{
	struct kvm_run *run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	double start, times[500];
	size_t i;

	if (run == MAP_FAILED)
		return;
	if (!run->immediate_exit) {
		run->immediate_exit = 1;
		syscall(SYS_ioctl, vcpu, KVM_RUN, 0);
		for (i = 0; i < 500; i++) {
			start = now();
			syscall(SYS_ioctl, vcpu, KVM_RUN, 0);
			times[i] = now() - start;
		}
		unit = median(times, 500);
		run->immediate_exit = 0;
	}
	munmap(run, 4096);
}

static void count_gets(unsigned long request, bool done)
{
	since.gets += request == KVM_GET_ONE_REG;
	since.interrupted = since.interrupted || (request == KVM_RUN && !done);
	if (request != KVM_GET_DIRTY_LOG)
		return;
	if (tests >= FIRST && !since.interrupted && since.gets > calls.most)
		calls.most = since.gets;
	memset(&since, 0, sizeof(since));
}

static void count(unsigned long request, bool done)
{
	count_gets(request, done);
	if (request == KVM_GET_DIRTY_LOG) {
		if (tests > FIRST && tests <= FIRST + COUNTED)
			spent[tests - FIRST - 1] = spent_now;
		spent_now = 0;
		if (++tests == FIRST)
			return;
	}
	if (tests < FIRST || tests > FIRST + COUNTED ||
	    (tests == FIRST + COUNTED && request != KVM_GET_DIRTY_LOG))
		return;
	calls.runs += request == KVM_RUN && done;
	calls.logs += request == KVM_GET_DIRTY_LOG;
	calls.sets += request == KVM_SET_ONE_REG;
	calls.gets += request == KVM_GET_ONE_REG;
	calls.inits += request == KVM_ARM_VCPU_INIT;
	calls.others += request != KVM_RUN && request != KVM_GET_DIRTY_LOG &&
			request != KVM_SET_ONE_REG && request != KVM_GET_ONE_REG &&
			request != KVM_ARM_VCPU_INIT;
}

/* In place of libc's. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *argument;
	double start;
	int result;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (request == KVM_RUN && tests == FIRST - 1 && unit == 0)
		measure_unit(fd);
	start = now();
	result = (int)syscall(SYS_ioctl, fd, request, argument);
	spent_now += now() - start;
	/* Signals end some KVM_RUNs, by the clock: the host looks whether the guest halts for good. */
	count(request, result >= 0);
	return result;
}

static unsigned int number, failed;

static void tell(bool good, const char *test, const char *what)
{
	printf("%sok %u - %s: %s\n", good ? "" : "not ", ++number, test, what);
	failed += !good;
}

static void run(char *test)
{
	char program[] = "cost", repeat[] = "--repeat", times[] = TESTS, output[] = "--output",
	     nowhere[] = "/dev/null", jobs[] = "-j1";
	char *arguments[] = { program, test, repeat, times, output, nowhere, jobs, NULL };
	int status;

	memset(&calls, 0, sizeof(calls));
	tests = 0;
	unit = 0;
	status = r0_main(7, arguments);
	tell(status == 0, test, "passes");
	printf("# KVM_RUN %u, KVM_GET_DIRTY_LOG %u, KVM_SET_ONE_REG %u, KVM_GET_ONE_REG %u, "
	       "KVM_ARM_VCPU_INIT %u, others %u in %u tests\n",
	       calls.runs, calls.logs, calls.sets, calls.gets, calls.inits, calls.others, COUNTED);
	printf("# %.1f units of %.1f us\n", unit > 0 ? median(spent, COUNTED) / unit : 0,
	       unit * 1e6);
	tell(calls.runs == COUNTED && calls.logs == COUNTED, test,
	     "a KVM_RUN and a look at the dirty log");
	tell(!calls.sets && !calls.inits && !calls.others, test, "and no register is set");
	tell(calls.most == 1, test, "and one is read");
	fflush(stdout);
}

int main(void)
{
	char empty[] = "cost.empty", teardown[] = "cost.with_teardown",
	     stack[] = "cost.on_the_stack";

	run(empty);
	run(teardown);
	run(stack);
	printf("1..%u\n", number);
	return failed != 0;
}

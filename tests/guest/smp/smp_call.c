/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs through r0_call(): what the caller gets of output and reports, of which the parts are
 * compared that do not depend on the compiler. Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>

#define CPUS  4
#define LINES 40

static int number, failed;

static void report(const char *name, bool ok, const struct r0_result *result)
{
	printf("%sok %d - smp_call.%s\n", ok ? "" : "not ", ++number, name);
	if (!ok)
		printf("# %s: %s\n%s\n%s\n", r0_verdict_name(result->verdict), result->message,
		       result->report, result->output);
	failed |= !ok;
}

/* In pieces, each of which is an exit, so that other CPUs print in between. */
static void print_lines(void *arg)
{
	unsigned int self = r0_cpu_id(), i, j;

	(void)arg;
	for (i = 0; i < LINES; i++) {
		r0_printf("CPU %u, line %u:", self, i);
		for (j = 0; j < 4; j++)
			r0_printf(" %u", self);
		r0_printf("\n");
	}
	r0_printf("CPU %u has no end of line", self);
}

static void print_on_all(void *arg)
{
	r0_on_cpus(print_lines, arg);
}

/* Whether it is all of a CPU's lines, in order, among those of the others, and whole. */
static bool has_lines(const char *output, unsigned int cpu)
{
	const char *at = output;
	char line[64];
	unsigned int i;

	for (i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "CPU %u, line %u: %u %u %u %u\n", cpu, i, cpu, cpu,
			 cpu, cpu);
		at = strstr(at, line);
		if (!at || (at != output && at[-1] != '\n'))
			return false;
		at += strlen(line);
	}
	snprintf(line, sizeof(line), "CPU %u has no end of line", cpu);
	return strstr(at, line);
}

static void lines_are_not_mixed(void)
{
	struct r0_result result = r0_call(print_on_all, NULL, &(struct r0_options){ .cpus = CPUS });
	bool ok = result.verdict == R0_VERDICT_PASS;
	unsigned int i;

	for (i = 0; i < CPUS; i++)
		ok = ok && has_lines(result.output, i);
	report("lines_are_not_mixed", ok, &result);
	r0_result_finish(&result);
}

static uint64_t ids[CPUS];

static void publish_id(void *arg)
{
	(void)arg;
	ids[r0_cpu_id()] = 100 + r0_cpu_id();
	r0_publish(&ids[r0_cpu_id()], sizeof(ids[0]));
}

static void publish_on_all(void *arg)
{
	r0_on_cpus(publish_id, arg);
}

static void every_cpu_may_publish(void)
{
	struct r0_result result =
		r0_call(publish_on_all, NULL, &(struct r0_options){ .cpus = CPUS });
	bool ok = result.verdict == R0_VERDICT_PASS;
	unsigned int i;

	for (i = 0; i < CPUS; i++)
		ok = ok && ids[i] == 100 + i;
	report("every_cpu_may_publish", ok, &result);
	r0_result_finish(&result);
}

/*
 * What of a report is the same with every compiler: the lines that say what happened where, without
 * addresses and values.
 */
static char *digest(const char *text)
{
	char *copy = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&copy, &length);
	const char *line, *next, *end;

	for (line = text; *line; line = next) {
		end = line + strcspn(line, "\n");
		next = *end ? end + 1 : end;
		if (strncmp(line, "CPU ", 4) == 0)
			/* Up to the place's file, which is as the compiler was told. */
			fprintf(out, "%.*s\n", (int)strcspn(line, "(\n"), line);
		else if (strncmp(line, "#", 1) == 0 || strncmp(line, "still ", 6) == 0 ||
			 strncmp(line, "backtrace:", 10) == 0 ||
			 strncmp(line, "registers:", 10) == 0 ||
			 strncmp(line, "page walk ", 10) == 0)
			fprintf(out, "%.*s\n", (int)strcspn(line, " :"), line);
	}
	fclose(out);
	return copy;
}

/*
 * All of the report's shape, and the message's beginning. What is to end by the time limit has to be
 * where it hangs by then, on each CPU, in an emulated machine on a loaded host, too.
 */
static void compare(const char *name, void (*fn)(void *arg), const char *message,
		    const char *golden)
{
	struct r0_result result =
		r0_call(fn, NULL, &(struct r0_options){ .cpus = CPUS, .timeout_ms = 2000 });
	char *found = digest(result.report);
	bool ok = strncmp(result.message, message, strlen(message)) == 0 &&
		  strcmp(found, golden) == 0;

	report(name, ok, &result);
	if (!ok)
		printf("# the report's digest is\n%s# it should be\n%s", found, golden);
	free(found);
	r0_result_finish(&result);
}

static struct r0_barrier barrier = { .count = 2 };
static volatile bool never;
static volatile long null;
static volatile int kept_busy;

/* Written so that no call is the last thing that a function does. */
static __attribute__((noinline)) void wait_at_the_barrier(void *arg)
{
	(void)arg;
	r0_barrier_wait(&barrier);
	r0_barrier_wait(&barrier);
	kept_busy++;
}

static __attribute__((noinline)) void write_to_null(void *arg)
{
	(void)arg;
	r0_barrier_wait(&barrier);
	*(volatile int *)(long)null = 1;
	kept_busy++;
}

static void crash_on_cpu_2(void *arg)
{
	r0_on_cpu_async(1, wait_at_the_barrier, arg);
	r0_on_cpu(2, write_to_null, arg);
	kept_busy++;
}

static __attribute__((noinline)) void run_for_ever(void *arg)
{
	(void)arg;
	while (!never)
		kept_busy++;
}

static void hang_on_cpu_3(void *arg)
{
	r0_on_cpu_async(1, wait_at_the_barrier, arg);
	r0_barrier_wait(&barrier);
	r0_on_cpu(3, run_for_ever, arg);
	kept_busy++;
}

static __attribute__((noinline)) void halt(void *arg)
{
	(void)arg;
	r0_barrier_wait(&barrier);
	__asm__ volatile("hlt");
	kept_busy++;
}

static void halt_on_cpu_2(void *arg)
{
	r0_on_cpu_async(2, halt, arg);
	r0_barrier_wait(&barrier);
	r0_on_cpu(3, run_for_ever, arg);
	kept_busy++;
}

static volatile bool has_it;

static void keep_standard_output(void *arg)
{
	flockfile(stdout);
	has_it = true;
	run_for_ever(arg);
}

static void fail_meanwhile(void *arg)
{
	r0_on_cpu_async(1, keep_standard_output, arg);
	while (!has_it)
		r0_pause();
	r0_panic("failed meanwhile");
}

static void wait_for_standard_output(void)
{
	flockfile(stdout);
}

/* A lock of libc's is waited for like another CPU: in vain, when that one has been stopped. */
static void a_teardown_waits_for_no_lock_of_libc(void)
{
	struct r0_result result =
		r0_call(fail_meanwhile, NULL,
			&(struct r0_options){ .cpus = 2, .teardown = wait_for_standard_output });

	report("a_teardown_waits_for_no_lock_of_libc",
	       result.verdict == R0_VERDICT_FAIL && strstr(result.message, "failed meanwhile") &&
		       strstr(result.report, "waits for another CPU, and all others have stopped"),
	       &result);
	r0_result_finish(&result);
}

static void not_more_than_there_are(void)
{
	struct r0_result result = r0_call(publish_on_all, NULL, &(struct r0_options){ .cpus = 33 });

	report("not_more_than_there_are",
	       result.verdict == R0_VERDICT_ERROR && strstr(result.message, "it asks for 33 CPUs"),
	       &result);
	r0_result_finish(&result);
}

static void nothing(void *arg)
{
	(void)arg;
}

int main(void)
{
	struct r0_result result = r0_call(nothing, NULL, NULL);

	if (result.verdict == R0_VERDICT_SKIP) {
		printf("1..0 # SKIP %s\n", result.message);
		return 77;
	}
	r0_result_finish(&result);
	lines_are_not_mixed();
	every_cpu_may_publish();
	compare("crash", crash_on_cpu_2,
		"CPU 2: #PF: write to the NULL pointer, not present, in write_to_null",
		"CPU 2:\n#PF\nbacktrace\npage\nregisters\n"
		"CPU 0 was in crash_on_cpu_2 \nbacktrace\n"
		"CPU 1 was in wait_at_the_barrier \nbacktrace\n"
		"CPU 3 had nothing to do\n");
	compare("timeout", hang_on_cpu_3, "CPU 3: still running in run_for_ever",
		"CPU 3:\nstill\nbacktrace\nregisters\n"
		"CPU 0 was in hang_on_cpu_3 \nbacktrace\n"
		"CPU 1 was in wait_at_the_barrier \nbacktrace\n"
		"CPU 2 had nothing to do\n");
	compare("halted", halt_on_cpu_2, "CPU 3: still running in run_for_ever",
		"CPU 3:\nstill\nbacktrace\nregisters\n"
		"CPU 0 was in halt_on_cpu_2 \nbacktrace\n"
		"CPU 1 had nothing to do\n"
		"CPU 2 was halted, with interrupts off, in halt \nbacktrace\nregisters\n");
	a_teardown_waits_for_no_lock_of_libc();
	not_more_than_there_are();
	printf("1..%d\n", number);
	return failed;
}

/* SPDX-License-Identifier: MIT */
/*
 * What a test costs, beside what the system's own isolation, a process, costs, and beside other
 * frameworks: medians of measurements that take turns, so that noise hits all alike. Depends on
 * program.h and leaver.h.
 *
 *	bench [ROUNDS]
 *
 * The programs that it runs are beside it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/leaver.h"
#include "bench/program.h"

#define ROUNDS	   11
#define ROUNDS_MAX 1000

/* How often a thing is done in each round. */
#define RESETS	   1000
#define FRESH_VMS  50
#define FORKS	   20
#define EXITS	   1000
#define LONG_TESTS 20
#define SPINS	   100000000

/* What the long test shall take, in microseconds. */
#define LONG_TIME 50000.0

/* What a process that is forked has touched: about that of a test program with a few libraries. */
#define ORDINARY_SIZE (8ul << 20)

enum measure {
	PROGRAM,
	GOOGLETEST,
	RESET,
	FRESH_VM,
	FORK,
	EXIT,
	RING0_1000,
	RING0_1000_ALL,
	RING0_10000,
	CMOCKA,
	CHECK,
	CHECK_FORK,
	CRITERION,
	LONG_1,
	LONG_2,
	SPIN_1,
	SPIN_2,
	MEASURES
};

/* The programs, for those measures that are the time of one. */
static const struct {
	const char *words[PROGRAM_WORDS];
	const char *setting; /* in the environment */
	int rounds;	     /* at most, or 0 */
} programs[MEASURES] = {
	[PROGRAM] = { { "empty", "--format", "tap" }, NULL, 0 },
	[GOOGLETEST] = { { "googletest_1" }, NULL, 0 },
	[RESET] = { { "empty", "--format", "tap", "-j1", "--repeat", "1001" }, NULL, 0 },
	[FRESH_VM] = { { "empty", "--format", "tap", "-j1", "--repeat", "51", "--fresh-vm" },
		       NULL,
		       0 },
	[RING0_1000] = { { "ring0_1000", "-j1" }, NULL, 0 },
	[RING0_1000_ALL] = { { "ring0_1000" }, NULL, 0 },
	[RING0_10000] = { { "ring0_10000", "-j1" }, NULL, 0 },
	[CMOCKA] = { { "cmocka_1000" }, NULL, 0 },
	[CHECK] = { { "check_1000" }, "CK_FORK=no", 0 },
	[CHECK_FORK] = { { "check_1000" }, "CK_FORK=yes", 0 },
	/* It takes so long that noise does not matter. */
	[CRITERION] = { { "criterion_1000", "-j1" }, NULL, 1 },
	[SPIN_1] = { { NULL }, NULL, 5 },
	[SPIN_2] = { { NULL }, NULL, 5 },
	[LONG_1] = { { "long", "--format", "tap", "--repeat", "20", "-j1" }, NULL, 5 },
	[LONG_2] = { { "long", "--format", "tap", "--repeat", "20", "-j2" }, NULL, 5 },
};

_Static_assert(RESETS + 1 == 1001 && FRESH_VMS + 1 == 51 && LONG_TESTS == 20, "as written above");

struct series {
	double values[ROUNDS_MAX];
	int count;
	double median;
};

struct bench {
	char folder[PATH_MAX]; /* where the programs are */
	char steps[32];	       /* the setting for the long test */
	struct leaver leaver;
	int rounds;
	struct series series[MEASURES];
	double load;  /* on the host, before */
	long rss_kib; /* of the program with 10 000 tests */
	bool one_cpu, emulated;
};

static bool find_program(const struct bench *bench, enum measure measure, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", bench->folder, programs[measure].words[0]);
	return access(path, X_OK) == 0;
}

static bool is_there(const struct bench *bench, enum measure measure)
{
	char path[PATH_MAX + 32];

	return find_program(bench, measure, path, sizeof(path));
}

/* Microseconds, or -1 if there is no such program. */
static double run_program(const struct bench *bench, enum measure measure, long *rss_kib)
{
	const char *setting = programs[measure].setting;
	const char *words[PROGRAM_WORDS];
	char path[PATH_MAX + 32];

	memcpy(words, programs[measure].words, sizeof(words));
	words[0] = path;
	if (!find_program(bench, measure, path, sizeof(path)))
		return -1;
	if (measure == LONG_1 || measure == LONG_2)
		setting = bench->steps;
	return program_time(words, setting, rss_kib);
}

static double time_forks(void)
{
	double start = bench_now();
	int i, status;

	for (i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		if (child < 0 || waitpid(child, &status, 0) != child)
			bench_die("fork", strerror(errno));
	}
	return (bench_now() - start) / FORKS;
}

/* What the CPUs can give: the same work by one process or shared among several. */
static double time_spins(int processes)
{
	double start = bench_now();
	int i, status;

	for (i = 0; i < processes; i++) {
		pid_t child = fork();
		long steps;

		if (child < 0)
			bench_die("fork", strerror(errno));
		if (child)
			continue;
		for (steps = SPINS / processes; steps; steps--)
			__asm__ volatile("" : "+r"(steps));
		_exit(0);
	}
	while (wait(&status) > 0)
		;
	return bench_now() - start;
}

/* Find how many steps make a long test of about the right time on this host. */
static void choose_steps(struct bench *bench)
{
	const char *words[PROGRAM_WORDS] = { NULL, "--format", "tap" };
	double start = run_program(bench, PROGRAM, NULL), time;
	unsigned long steps = 10000;
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/long", bench->folder);
	words[0] = path;
	for (;;) {
		snprintf(bench->steps, sizeof(bench->steps), "STEPS=%lu", steps);
		time = program_time(words, bench->steps, NULL) - start;
		if (time > LONG_TIME / 2 || steps > ULONG_MAX / 20)
			break;
		steps *= time > LONG_TIME / 20 ? 2 : 10;
	}
	steps = (unsigned long)((double)steps * LONG_TIME / time);
	snprintf(bench->steps, sizeof(bench->steps), "STEPS=%lu", steps);
}

static void find_folder(struct bench *bench)
{
	ssize_t length = readlink("/proc/self/exe", bench->folder, sizeof(bench->folder) - 1);
	char *slash;

	if (length < 0)
		bench_die("/proc/self/exe", strerror(errno));
	bench->folder[length] = '\0';
	slash = strrchr(bench->folder, '/');
	*slash = '\0';
}

static void measure_round(struct bench *bench, int round)
{
	int i;

	for (i = 0; i < MEASURES; i++) {
		struct series *series = &bench->series[i];
		double value;

		/* One has been measured before. */
		if (series->count > round ||
		    (programs[i].rounds && series->count >= programs[i].rounds))
			continue;
		if (bench->one_cpu && (i == LONG_2 || i == SPIN_1 || i == SPIN_2))
			continue;
		if (i == FORK)
			value = time_forks();
		else if (i == SPIN_1 || i == SPIN_2)
			value = time_spins(i == SPIN_1 ? 1 : 2);
		else if (i == EXIT)
			value = leaver_time(&bench->leaver, EXITS);
		else
			value = run_program(bench, (enum measure)i, NULL);
		if (value >= 0)
			series->values[series->count++] = value;
	}
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Sort them and take the one in the middle. */
static void settle(struct series *series)
{
	int count = series->count;

	qsort(series->values, (size_t)count, sizeof(*series->values), compare);
	if (count)
		series->median = (series->values[count / 2] + series->values[(count - 1) / 2]) / 2;
}

/* Take off what the program takes for one test, by a figure that one slow start can't upset. */
static void per_test(struct bench *bench, enum measure measure, int tests)
{
	struct series *series = &bench->series[measure];
	int i;

	for (i = 0; i < series->count; i++)
		series->values[i] = (series->values[i] - bench->series[PROGRAM].median) / tests;
	settle(series);
}

static void print_host(double load)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	bool virtualization = false, named = false;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname system;
	char line[8192];

	while (file && fgets(line, sizeof(line), file)) {
		if (!named && !strncmp(line, "model name", 10) && strstr(line, ": ")) {
			printf("CPU: %s", strstr(line, ": ") + 2);
			named = true;
		}
		if (!strncmp(line, "flags", 5))
			virtualization |= strstr(line, " vmx") || strstr(line, " svm");
	}
	if (file)
		fclose(file);
	uname(&system);
	printf("KVM: %s\nLinux: %s, %ld CPUs online, load %.1f before%s\n",
	       virtualization ? "hardware (the CPU has vmx or svm)" :
				"software (the CPU has neither vmx nor svm)",
	       system.release, cpus, load,
	       load > (double)cpus / 2 ? ": TOO BUSY, the figures are too high" : "");
}

static void print_time(const struct bench *bench, enum measure measure, const char *name)
{
	const struct series *series = &bench->series[measure];

	printf("  %-44s %9.1f us  (%.1f to %.1f)\n", name, series->median, series->values[0],
	       series->values[series->count - 1]);
}

/* A program with 1 000 tests, and what those of ring0 with one worker are of it. */
static void print_framework(const struct bench *bench, enum measure measure, const char *name)
{
	const struct series *series = &bench->series[measure];

	if (!series->count) {
		printf("  %-44s %9s\n", name, "not there");
		return;
	}
	printf("  %-44s %9.1f us  %8.2f%s\n", name, series->median / 1000,
	       series->median / bench->series[RING0_1000].median,
	       series->count == 1 ? "  (one run)" : "");
}

static void print_goal(const char *what, double value, double goal, bool at_least)
{
	bool reached = at_least ? value >= goal : value <= goal;

	printf("  %-44s %9.2f     %s %g%s\n", what, value, at_least ? "at least" : "at most ", goal,
	       reached ? "" : "  MISSED");
}

/* One in units of time or memory, of a software KVM on a CPU. */
static void print_limit(const struct bench *bench, const char *what, double value, double limit)
{
	if (bench->emulated)
		printf("  %-44s %9.2f     tells nothing on an emulated CPU\n", what, value);
	else
		print_goal(what, value, limit, false);
}

static void report_long(const struct bench *bench)
{
	const struct series *series = bench->series;

	printf("\nLong tests: %d of some %.0f ms (%s)\n", LONG_TESTS, LONG_TIME / 1000,
	       bench->steps);
	print_time(bench, LONG_1, "-j1");
	if (bench->one_cpu) {
		printf("  -j2, and two processes: not measured, there is one CPU\n");
		return;
	}
	print_time(bench, LONG_2, "-j2");
	print_time(bench, SPIN_1, "without KVM: a process that only computes");
	print_time(bench, SPIN_2, "two, with half of it each");
	printf("  %-44s %9.2f\n", "speed-up by -j2", series[LONG_1].median / series[LONG_2].median);
}

static void report_goals(const struct bench *bench)
{
	const struct series *series = bench->series;

	printf("\nGoals, on software KVM\n");
	print_goal("a test / fork, _exit, waitpid", series[RESET].median / series[FORK].median,
		   0.25, false);
	print_limit(bench, "a test / (3 bare exits + 30 us)",
		    series[RESET].median / (3 * series[EXIT].median + 30), 1);
	print_goal("a test in a fresh VM / a test", series[FRESH_VM].median / series[RESET].median,
		   20, true);
	print_limit(bench, "a program with one test, in milliseconds",
		    series[PROGRAM].median / 1000, 10);
	if (series[GOOGLETEST].count)
		print_goal("a program with one test / googletest's",
			   series[PROGRAM].median / series[GOOGLETEST].median, 2.5, false);
	else
		printf("  %-44s %9s\n", "a program with one test / googletest's", "not there");
	/* Linear is 10; what is fixed makes it less. */
	print_goal("10000 tests / 1000 tests",
		   series[RING0_10000].median / series[RING0_1000].median, 11, false);
	print_goal("most memory with 10000 tests, in MiB", (double)bench->rss_kib / 1024, 100,
		   false);
	/* On a busy host two CPUs are not twice as fast for anyone. */
	if (bench->one_cpu)
		printf("  speed-up by -j2 / that of two processes: not measured, there is one CPU\n");
	else
		print_goal("speed-up by -j2 / that of two processes",
			   series[LONG_1].median / series[LONG_2].median /
				   (series[SPIN_1].median / series[SPIN_2].median),
			   0.9, true);
}

static void report(struct bench *bench)
{
	const struct series *series = bench->series;

	print_host(bench->load);
	printf("%d rounds; in each every measurement is made once, in turn. Medians, and the least "
	       "and\nthe most. Programs are timed from before their start to after their end.\n\n",
	       bench->rounds);
	printf("What a test costs (one worker)\n");
	print_time(bench, PROGRAM, "a program with one empty test");
	if (series[GOOGLETEST].count)
		print_time(bench, GOOGLETEST, "the same with googletest, in the process");
	print_time(bench, RESET, "an empty test and the reset, one of 1000");
	print_time(bench, FRESH_VM, "the same in a fresh VM, one of 50");
	print_time(bench, FORK, "fork, _exit, waitpid, one of 20, with 8 MiB");
	print_time(bench, EXIT, "a bare KVM_RUN to KVM_RUN, one of 1000");

	printf("\nPrograms of 1000 empty tests: time for each, and as a multiple of ring0's\n");
	print_framework(bench, RING0_1000, "ring0 -j1");
	print_framework(bench, RING0_1000_ALL, "ring0 (a worker for each CPU)");
	print_framework(bench, CHECK_FORK, "Check, CK_FORK=yes: a process a test");
	print_framework(bench, CRITERION, "Criterion -j1: a process a test");
	print_framework(bench, CHECK, "Check, CK_FORK=no: no isolation");
	print_framework(bench, CMOCKA, "cmocka: no isolation");

	report_long(bench);
	report_goals(bench);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	void *ordinary;
	int i;

	bench.rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
	if (argc > 2 || bench.rounds < 1 || bench.rounds > ROUNDS_MAX) {
		fprintf(stderr, "Usage: bench [ROUNDS], ROUNDS from 1 to %d\n", ROUNDS_MAX);
		return 99;
	}
	if (getloadavg(&bench.load, 1) != 1)
		bench_die("getloadavg", "unknown");
	bench.one_cpu = sysconf(_SC_NPROCESSORS_ONLN) == 1;
	bench.emulated = bench_is_emulated();
	find_folder(&bench);
	for (i = 0; i < MEASURES; i++)
		if (programs[i].words[0] && i != CMOCKA && i != CHECK && i != CHECK_FORK &&
		    i != CRITERION && i != GOOGLETEST && !is_there(&bench, (enum measure)i))
			bench_die(programs[i].words[0], "build it first: ninja bench_programs");
	/* That there is no KVM shall be said at once; and files are read by then. */
	run_program(&bench, PROGRAM, NULL);
	/* While this process is small: the least that Linux says of a child is its parent's. */
	bench.series[RING0_10000].values[bench.series[RING0_10000].count++] =
		run_program(&bench, RING0_10000, &bench.rss_kib);
	choose_steps(&bench);
	leaver_init(&bench.leaver);
	ordinary = malloc(ORDINARY_SIZE);
	if (!ordinary)
		bench_die("malloc", strerror(errno));
	memset(ordinary, 1, ORDINARY_SIZE);
	__asm__ volatile("" : : "r"(ordinary) : "memory");

	for (i = 0; i < bench.rounds; i++)
		measure_round(&bench, i);
	for (i = 0; i < MEASURES; i++)
		settle(&bench.series[i]);
	per_test(&bench, RESET, RESETS);
	per_test(&bench, FRESH_VM, FRESH_VMS);
	report(&bench);
	free(ordinary);
	return 0;
}

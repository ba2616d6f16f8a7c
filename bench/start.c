/* SPDX-License-Identifier: MIT */
/*
 * What the start of a program takes before its VM is made, step by step: CPU time, of processes that do all of them once,
 * in turn with and without what an earlier start kept. It needs no KVM. Depends on mirror/, assist/patch_search.h and
 * program.h.
 *
 *	bench_start
 *
 * It is built as a test program is, with one test, and has its mappings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <ring0.h>
#include <ring0/private/abi.h>
#include "assist/patch_search.h"
#include "bench/program.h"
#include "mirror/bind.h"
#include "mirror/code_patches.h"
#include "mirror/counters.h"
#include "mirror/mirror.h"

#define ROUNDS 21

enum step { BIND, COUNTERS, SEARCH, MIRROR, STEPS };

R0_TEST(bench, empty)
{
}

/* In microseconds, of this process. */
static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void check(int err, const struct error *error)
{
	if (err)
		bench_die("a start", error->text);
}

/* As machine/template.c does. */
static void start(double took[STEPS])
{
	struct patch_search mistaken = { 0 };
	struct code_patches patches = { 0 };
	struct counters counters = { 0 };
	struct error error = { "" };
	struct mirror *mirror;
	double at[STEPS + 1];
	unsigned int i;

	at[BIND] = now();
	bind_lazy_symbols();
	at[COUNTERS] = now();
	check(counters_find(&counters, &error), &error);
	at[SEARCH] = now();
	check(patch_search_find(&mistaken, &patches, &error), &error);
	at[MIRROR] = now();
	check(mirror_create(&mirror,
			    &(struct mirror_config){ .physical_bits = 40,
						     .gigabyte_pages = true,
						     .direct_map = R0_DIRECT_MAP,
						     .counters = &counters,
						     .code = &patches },
			    &error),
	      &error);
	at[STEPS] = now();
	for (i = 0; i < STEPS; i++)
		took[i] = at[i + 1] - at[i];
}

static void start_in_child(double took[STEPS])
{
	const size_t size = STEPS * sizeof(*took);
	int ends[2], status;
	pid_t child;

	if (pipe(ends))
		bench_die("pipe", "failed");
	child = fork();
	if (!child) {
		start(took);
		_exit(write(ends[1], took, size) == (ssize_t)size ? 0 : 1);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status ||
	    read(ends[0], took, size) != (ssize_t)size)
		bench_die("a start", "the process did not end well");
	close(ends[0]);
	close(ends[1]);
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void print(const char *name, const double took[ROUNDS][STEPS], enum step step)
{
	double sorted[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++)
		sorted[i] = took[i][step];
	qsort(sorted, ROUNDS, sizeof(*sorted), compare);
	printf("  %-44s %9.1f us  (%.1f to %.1f)\n", name, sorted[ROUNDS / 2], sorted[0],
	       sorted[ROUNDS - 1]);
}

int main(void)
{
	static double anew[ROUNDS][STEPS], kept[ROUNDS][STEPS];
	char folder[] = "/tmp/bench_start.XXXXXX", command[64];
	int i;

	if (!mkdtemp(folder))
		bench_die(folder, "can't be made");
	for (i = -1; i < ROUNDS; i++) {
		/* There nothing can be kept. */
		setenv("XDG_CACHE_HOME", "/dev/null", 1);
		start_in_child(anew[i < 0 ? 0 : i]);
		setenv("XDG_CACHE_HOME", folder, 1);
		start_in_child(kept[i < 0 ? 0 : i]);
	}
	printf("The start of a program before its VM is made, %d rounds: CPU time\n", ROUNDS);
	print("binding what is bound lazily", kept, BIND);
	print("looking for counters of coverage", kept, COUNTERS);
	print("software KVM: searching all code", anew, SEARCH);
	print("software KVM: reading what was found before", kept, SEARCH);
	print("copying the program's memory", kept, MIRROR);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) ? 99 : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Many machines with KVM's own interrupt controllers, one after the other: nobody waits for the end of the
 * last one, and what its closing takes is bounded, and gone when it is over.
 */
#include "tests/vm/vm_fixture.h"
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/closer.h"

#define MACHINES 200

/* Where each is emulated; $R0_MACHINES says how many elsewhere. */
#define SOME 300

/* Of one of these machines. */
#define THREADS 3

GUEST(end, "xor %eax, %eax\n out %eax, $0xf4\n hlt\n");

static const struct r0_vm_options with_pit = { .irqchip = true, .pit = true };

static unsigned int entries(const char *path)
{
	DIR *directory = opendir(path);
	unsigned int count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* Orphans are this process's: it is told of their ends as init is. */
static unsigned int reap(int flags)
{
	unsigned int count = 0;

	while (waitpid(-1, NULL, flags | __WALL) > 0)
		count++;
	return count;
}

/* Those whose parent is this process. */
static unsigned int children(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	unsigned int count = 0;

	assert_non_null(processes);
	while ((entry = readdir(processes))) {
		char path[300];
		int parent = -1;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file = atoi(entry->d_name) > 0 ? fopen(path, "r") : NULL;
		if (!file)
			continue;
		if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) == 1)
			count += parent == getpid();
		fclose(file);
	}
	closedir(processes);
	return count;
}

/* A thread that was joined is listed until the kernel has released it, which is a moment later. */
static void wait_for_threads(unsigned int threads)
{
	unsigned int left = 3000;

	while (entries("/proc/self/task") > threads) {
		assert_true(left--);
		poll(NULL, 0, 10);
	}
}

static void use_one(const struct r0_vm_options *options)
{
	struct r0_vm *vm = BOOT(options, end);

	assert_int_equal(run(vm).end, R0_VM_STATUS);
	r0_vm_destroy(vm);
}

static void test_many(void **state)
{
	unsigned int descriptors, threads, i, ended = 0;

	(void)state;
	use_one(&with_pit);
	descriptors = entries("/proc/self/fd");
	threads = entries("/proc/self/task");
	for (i = 1; i < MACHINES; i++) {
		use_one(&with_pit);
		ended += reap(WNOHANG);
		assert_true(children() <= CLOSER_LIMIT);
		assert_int_equal(entries("/proc/self/fd"), descriptors);
		assert_true(entries("/proc/self/task") <= threads + THREADS);
	}
	wait_for_threads(threads);
	ended += reap(0);
	assert_int_equal(errno, ECHILD);
	/* All beside, unless as many were being closed already. */
	assert_in_range(ended, CLOSER_LIMIT, MACHINES);
}

/* Of this process's memory what is its alone, in KiB: proc(5), RssAnon. */
static unsigned long private_memory(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %lu", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

/* Of each kind, and restored from one snapshot each: nothing stays of any. */
static void test_thousands(void **state)
{
	const struct r0_vm_options kinds[] = {
		{ .cpus = 1 },
		{ .cpus = 2, .irqchip = true, .split_irqchip = true },
		{ .memory = 64 << 20 },
	};
	struct r0_vm_snapshot *snapshots[3];
	const char *many = getenv("R0_MACHINES");
	const unsigned int count = many ? (unsigned int)atoi(many) : SOME;
	unsigned int descriptors = 0, threads = 0, i;
	unsigned long memory = 0;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct r0_vm *vm = BOOT(&kinds[i], end);

		snapshots[i] = take(vm);
		r0_vm_destroy(vm);
	}
	for (i = 0; i < count; i++) {
		struct r0_vm *vm = BOOT(&kinds[i % 3], end);

		restore(snapshots[i % 3], vm);
		assert_int_equal(run(vm).end, R0_VM_STATUS);
		r0_vm_destroy(vm);
		/* The first few make what stays for the process's life. */
		if (i == 99) {
			memory = private_memory();
			threads = entries("/proc/self/task");
			descriptors = entries("/proc/self/fd");
		}
		if (i > 99) {
			assert_int_equal(entries("/proc/self/fd"), descriptors);
			assert_true(entries("/proc/self/task") <= threads + THREADS);
			assert_true(private_memory() <= memory + 1024);
		}
	}
	for (i = 0; i < 3; i++)
		r0_vm_snapshot_destroy(snapshots[i]);
	reap(0);
}

/* With its closing under way or not: there is nothing that it has to clean up. */
static void test_killed(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		pid_t program = fork();
		int status;

		if (!program) {
			struct r0_vm *vm = BOOT(&with_pit, end);

			r0_vm_destroy(vm);
			kill(getpid(), SIGKILL);
		}
		assert_int_equal(waitpid(program, &status, 0), program);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	reap(0);
	use_one(&with_pit);
	reap(0);
}

static int adopt(void **state)
{
	(void)state;
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_thousands),
		cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests_name("closing", tests, adopt, NULL);
}

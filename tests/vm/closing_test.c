/* SPDX-License-Identifier: MIT */
/*
 * Many machines with KVM's own interrupt controllers, one after the other: nobody waits for the end of the
 * last one, and what its closing takes is bounded, and gone when it is over.
 */
#include "tests/vm/vm_fixture.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/closer.h"

#define MACHINES 200

GUEST(end, "xor %eax, %eax\n out %eax, $0xf4\n hlt\n");

static const struct r0_vm_options options = { .irqchip = true, .pit = true };

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

static void use_one(void)
{
	struct r0_vm *vm = BOOT(&options, end);

	assert_int_equal(run(vm).end, R0_VM_STATUS);
	r0_vm_destroy(vm);
}

static void test_many(void **state)
{
	unsigned int descriptors, threads, i, ended = 0;

	(void)state;
	use_one();
	descriptors = entries("/proc/self/fd");
	threads = entries("/proc/self/task");
	for (i = 1; i < MACHINES; i++) {
		use_one();
		ended += reap(WNOHANG);
		assert_true(children() <= CLOSER_LIMIT);
		assert_int_equal(entries("/proc/self/fd"), descriptors);
		assert_int_equal(entries("/proc/self/task"), threads);
	}
	ended += reap(0);
	assert_int_equal(errno, ECHILD);
	/* All beside, unless as many were being closed already. */
	assert_in_range(ended, CLOSER_LIMIT, MACHINES);
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
			struct r0_vm *vm = BOOT(&options, end);

			r0_vm_destroy(vm);
			kill(getpid(), SIGKILL);
		}
		assert_int_equal(waitpid(program, &status, 0), program);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	reap(0);
	use_one();
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
		cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests_name("closing", tests, adopt, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The program that lab_test runs in the lab: does what its first argument says. Depends on libc and
 * <linux/kvm.h>.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Every byte there is, several times the size of a pipe, so that none gets lost or changed. */
static int all_bytes(void)
{
	for (int i = 0; i < 1 << 20; i++)
		putchar((i * 7 + i / 256) & 0xff);
	return 0;
}

static int make_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	printf("version %d, %s\n", ioctl(kvm, KVM_GET_API_VERSION, 0), vm < 0 ? "no VM" : "a VM");
	return vm < 0;
}

static int panic_kernel(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	return write(fd, "c", 1) != 1;
}

static int write_file(const char *path)
{
	FILE *file = fopen(path, "we");

	return !file || fputs("written inside\n", file) < 0 || fclose(file);
}

static int show_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];

	if (!file || !fgets(line, sizeof(line), file))
		return 1;
	fclose(file);
	return fputs(line, stdout) < 0;
}

/* Leave a process behind that holds the output open, for longer than any test waits. */
static int leave_child(void)
{
	if (fork() == 0) {
		sleep(1000);
		_exit(0);
	}
	return 0;
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
	(void)number;
	alarms++;
}

/* Whether a timer comes on each CPU while that is busy, long before the time that it is given. */
static int await_timers(void)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 50000 } };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	signal(SIGALRM, count_alarm);
	for (int cpu = 0; cpu < cpus; cpu++) {
		struct timespec from, now;
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) || setitimer(ITIMER_REAL, &soon, NULL))
			return 2;
		clock_gettime(CLOCK_MONOTONIC, &from);
		do
			clock_gettime(CLOCK_MONOTONIC, &now);
		while (alarms == cpu && now.tv_sec < from.tv_sec + 5);
		printf("%d", alarms - cpu);
	}
	return puts("") < 0;
}

/* How long two instructions take, on average, in nanoseconds: of a loop of them. */
static int time_instructions(void)
{
	const long steps = 25000000;
	struct timespec from, now;
	long left = steps;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (; left; left--)
		__asm__ volatile("" : "+r"(left));
	clock_gettime(CLOCK_MONOTONIC, &now);
	return printf("%ld\n",
		      ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec) /
			      steps) < 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *value = argc > 2 ? argv[2] : "";
	char directory[4096];

	if (!strcmp(what, "exit"))
		return atoi(value);
	if (!strcmp(what, "signal"))
		return raise(atoi(value));
	if (!strcmp(what, "bytes"))
		return all_bytes();
	if (!strcmp(what, "streams"))
		return puts("to output") < 0 || fputs("to error\n", stderr) < 0;
	if (!strcmp(what, "stdin"))
		return getchar() != EOF;
	if (!strcmp(what, "cwd"))
		return puts(getcwd(directory, sizeof(directory))) < 0;
	if (!strcmp(what, "env"))
		return puts(getenv(value) ? getenv(value) : "unset") < 0;
	if (!strcmp(what, "name"))
		return puts(argv[0]) < 0;
	if (!strcmp(what, "cpus"))
		return printf("%ld\n", sysconf(_SC_NPROCESSORS_ONLN)) < 0;
	if (!strcmp(what, "vm"))
		return make_vm();
	if (!strcmp(what, "write"))
		return write_file(value);
	if (!strcmp(what, "show"))
		return show_file(value);
	if (!strcmp(what, "child"))
		return leave_child();
	if (!strcmp(what, "timers"))
		return await_timers();
	if (!strcmp(what, "instructions"))
		return time_instructions();
	if (!strcmp(what, "panic"))
		return panic_kernel();
	while (!strcmp(what, "memory"))
		memset(malloc(1 << 20), 1, 1 << 20);
	if (!strcmp(what, "hang")) {
		puts("hanging");
		fflush(stdout);
		for (;;)
			pause();
	}
	return 2;
}

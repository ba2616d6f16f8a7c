/* SPDX-License-Identifier: MIT */
/* What the kernel gives a program that is random is replaced under ptrace(2). */
#include "image/fresh_process.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "image/registers.h"

/*
 * glibc's switches: no functions that need more than every x86-64 CPU has, by all the names that these had from
 * 2.26 on; and no registration of restartable sequences, in which the kernel writes the CPU's number.
 */
#define TUNABLES                                                                                    \
	"glibc.cpu.hwcaps="                                                                         \
	"-AVX,-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ,-AVX512CD,-AVX512ER,-BMI1,-BMI2,-ERMS,"  \
	"-FSRM,-SSSE3,-SSE3,-SSE4_1,-SSE4_2,-MOVBE,-LZCNT,-POPCNT,-XSAVE,-XSAVEC,-RTM,-FMA,-FMA4,"  \
	"-F16C,-AVX_Fast_Unaligned_Load,-AVX_Usable,-AVX2_Usable,-FMA_Usable,-Fast_Unaligned_Copy," \
	"-AVX2_Unaligned_Load,-Prefer_No_VZEROUPPER"                                                \
	":glibc.pthread.rseq=0"

/* Of a search path, without which the program's libraries may not be found. */
#define LIBRARY_PATH "LD_LIBRARY_PATH"

#define RANDOM_SIZE 16 /* what AT_RANDOM points to */

/* CPUID has the number of the CPU, and the dynamic linker keeps what CPUID says: always the same one. */
static void stay_on_one_cpu(void)
{
	cpu_set_t set, one;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (cpu = 0; cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &set); cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* In the child. Its standard output is the image's, not a place for what constructors print. */
static __attribute__((noreturn)) void become(int fd, const char *words, bool traced)
{
	char *const arguments[] = { program_invocation_short_name, NULL };
	const char *path = getenv(LIBRARY_PATH);
	char *environment[5] = { NULL };
	int null = open("/dev/null", O_RDWR);
	size_t n = 0;

	if (asprintf(&environment[n++], "GLIBC_TUNABLES=%s", TUNABLES) < 0 ||
	    asprintf(&environment[n++], "%s=%d", FRESH_PROCESS_VARIABLE, fd) < 0 ||
	    asprintf(&environment[n++], "%s=%s", FRESH_PROCESS_WORDS, words) < 0 ||
	    (path && asprintf(&environment[n++], "%s=%s", LIBRARY_PATH, path) < 0))
		_exit(127);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	fcntl(fd, F_SETFD, 0);
	stay_on_one_cpu();
	personality((unsigned long)personality(0xffffffff) | ADDR_NO_RANDOMIZE);
	if (traced) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		registers_stop_at_calls();
	}
	execve("/proc/self/exe", arguments, environment);
	fprintf(stderr, "%s: starting the program again for its image: %s\n",
		program_invocation_short_name, strerror(errno));
	_exit(127);
}

static void write_to(pid_t child, uint64_t address, const void *bytes, size_t size)
{
	struct iovec local = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };

	/* Where it fails, the image is another each time, and that is all. */
	(void)!process_vm_writev(child, &local, 1, &remote, 1, 0);
}

/* The 16 bytes from which libc makes its canary and its pointers' guard. */
static void settle_random(pid_t child)
{
	static const uint8_t settled[RANDOM_SIZE] = "ring0's image 1";
	char path[64];
	Elf64_auxv_t entry;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)child);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fread(&entry, sizeof(entry), 1, file) == 1)
		if (entry.a_type == AT_RANDOM)
			write_to(child, entry.a_un.a_val, settled, sizeof(settled));
	fclose(file);
}

/*
 * A system call has returned: what it gave that is another each time. malloc() wants as many ones as zeros, or makes
 * what is random of the time: glibc 2.43, tcache_key_initialize().
 */
static void settle_call(pid_t child)
{
	struct registers_call call;
	uint8_t settled[256];

	memset(settled, 0x69, sizeof(settled));
	if (registers_read_call(child, &call))
		return;
	if (call.kind == REGISTERS_RANDOM && call.result > 0 &&
	    (uint64_t)call.result <= sizeof(settled))
		write_to(child, call.buffer, settled, (size_t)call.result);
	if (call.kind == REGISTERS_THREAD_ID)
		registers_set_result(child, 1);
}

/* Follow it to its end; -ECHILD if that is not a good one. */
static int follow(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return -ECHILD;
	ptrace(PTRACE_SETOPTIONS, child, NULL,
	       PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
		       PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	while (waitpid(child, &status, 0) == child) {
		int request = PTRACE_CONT, signal = 0;

		if (WIFEXITED(status) || WIFSIGNALED(status))
			return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			settle_random(child);
		else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			request = PTRACE_SYSCALL; /* to where it has returned */
		else if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			settle_call(child);
		else if (WSTOPSIG(status) != SIGTRAP)
			signal = WSTOPSIG(status);
		ptrace(request, child, NULL, (void *)(uintptr_t)signal);
	}
	return -ECHILD;
}

/* Whether this process may trace a child of its own, and have it stop at some system calls. */
static bool can_trace(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) || registers_stop_at_calls() ? 1 : 0);
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

int fresh_process_run(int fd, const char *words, const char **varies, struct error *error)
{
	const bool traced = can_trace();
	pid_t child;
	int status;

	*varies = traced ? NULL : "ptrace() or seccomp() is not permitted here";
	fflush(NULL);
	child = fork();
	if (child < 0)
		return error_set(error, errno, "fork() for the image: %s", strerror(errno));
	if (child == 0)
		become(fd, words, traced);
	if (traced)
		return follow(child);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status))
		return -ECHILD;
	return 0;
}

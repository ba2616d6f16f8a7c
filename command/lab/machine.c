/* SPDX-License-Identifier: MIT */
/*
 * One machine: the process of an emulator, our ends of its port and console, and the log of what it
 * said. How the emulator is told to make the machine is in qemu.c and bochs.c. Depends on
 * emulator.h and libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/machine.h"
#include "command/lab/options.h"
#include "command/lab/strings.h"

#define LOG_MAX (1u << 20)

#define PANIC	 "Kernel panic - not syncing"
#define PANIC_MS 2000

/* In the child: never returns. The descriptors are first moved out of each other's way. */
static void __attribute__((noreturn))
execute(const struct lab_spawn *spawn, int complaint, pid_t parent)
{
	const int end = LAB_FIRST_FD + (int)spawn->count;
	int null = open("/dev/null", O_RDWR);
	int moved[LAB_FDS_MAX]; /* -1 where there is none */
	sigset_t none;

	/* With the lab gone, even by SIGKILL, its machine has to go too. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A group of its own: Ctrl-C is for the lab, which then ends the machine. */
	setpgid(0, 0);
	dup2(null, 0);
	dup2(spawn->output >= 0 ? spawn->output : null, 1);
	dup2(complaint, 2);
	for (size_t i = 0; i < spawn->count; i++)
		moved[i] = fcntl(spawn->fds[i], F_DUPFD, end);
	for (size_t i = 0; i < spawn->count; i++)
		if (moved[i] < 0 || dup2(moved[i], LAB_FIRST_FD + (int)i) < 0)
			close(LAB_FIRST_FD + (int)i);
	close_range((unsigned int)end, ~0u, 0);
	/* Where that takes a user namespace. */
	if (spawn->isolated && unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
		dprintf(2, "%s: it has no display library \"nogui\", and would open a port: %s\n",
			spawn->command[0], strerror(errno));
		_exit(126);
	}
	if (spawn->variable)
		putenv(spawn->variable);
	execvp(spawn->command[0], spawn->command);
	dprintf(2, "%s: %s\n", spawn->command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* In the parent, once it is known whether there is a child. */
static int adopt(struct lab_machine *machine, pid_t pid)
{
	const int ours[] = { machine->port, machine->console, machine->complaint };

	if (pid < 0)
		return lab_error(LAB_INTERNAL, "fork: %s", strerror(errno));
	machine->pid = pid;
	machine->started = clock_ms();
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		fcntl(ours[i], F_SETFL, O_NONBLOCK);
	machine->process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (machine->process < 0)
		return lab_error(LAB_INTERNAL, "pidfd_open: %s; Linux 5.3 or later is needed",
				 strerror(errno));
	fcntl(machine->process, F_SETFD, FD_CLOEXEC);
	return 0;
}

int lab_machine_spawn(struct lab_machine *machine, const struct lab_spawn *spawn)
{
	pid_t parent = getpid(), pid;
	struct lab_strings words = { .items = spawn->command };
	int complaint[2];

	while (words.items[words.count])
		words.count++;
	machine->command = lab_strings_join(&words);
	if (machine->echo)
		fprintf(stderr, "ring0 lab: %s\n", machine->command);
	if (pipe2(complaint, O_CLOEXEC))
		return lab_error(LAB_INTERNAL, "pipe: %s", strerror(errno));
	machine->complaint = complaint[0];
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		execute(spawn, complaint[1], parent);
	close(complaint[1]);
	return adopt(machine, pid);
}

static const struct lab_machine none = { .process = -1, .port = -1, .console = -1, .complaint = -1 };

int lab_machine_start(struct lab_machine *machine, const struct lab_start *start)
{
	*machine = none;
	machine->emulator = start->options->kvm->emulator;
	machine->echo = start->options->verbose;
	return machine->emulator->start(machine, start);
}

void lab_machine_stop(struct lab_machine *machine)
{
	const int fds[] = { machine->port, machine->console, machine->complaint, machine->process };

	if (!machine->emulator)
		return;
	if (machine->pid > 0) {
		kill(machine->pid, SIGKILL);
		while (waitpid(machine->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (machine->own)
		machine->emulator->release(machine);
	free(machine->command);
	free(machine->log);
	free(machine->refusal);
	*machine = none;
}

/*
 * For how long the emulator's threads could have run and had no CPU; 0 where the kernel does not count it.
 * Second number of /proc/PID/task/TID/schedstat: Documentation/scheduler/sched-stats.rst.
 */
static uint64_t starved_ms(const struct lab_machine *machine)
{
	char *pattern = lab_format("/proc/%d/task/*/schedstat", (int)machine->pid);
	struct lab_strings threads = { 0 };
	unsigned long long waited, sum = 0;

	lab_glob(pattern, &threads);
	for (size_t i = 0; i < threads.count; i++) {
		FILE *file = fopen(threads.items[i], "re");

		if (file && fscanf(file, "%*u %llu", &waited) == 1)
			sum += waited;
		if (file)
			fclose(file);
	}
	lab_strings_finish(&threads);
	free(pattern);
	return sum / 1000000;
}

static void take(struct lab_machine *machine, int fd)
{
	char data[4096];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0) {
		char *log;

		if (machine->echo)
			fwrite(data, 1, (size_t)n, stderr);
		if (machine->log_size + (size_t)n > LOG_MAX) {
			/* The end of it tells why a machine died. */
			memmove(machine->log, machine->log + LOG_MAX / 2,
				machine->log_size - LOG_MAX / 2);
			machine->log_size -= LOG_MAX / 2;
		}
		log = realloc(machine->log, machine->log_size + (size_t)n + 1);
		if (!log)
			return;
		machine->log = log;
		memcpy(log + machine->log_size, data, (size_t)n);
		machine->log_size += (size_t)n;
		log[machine->log_size] = '\0';
	}
}

bool lab_machine_listen(struct lab_machine *machine)
{
	struct pollfd ended = { .fd = machine->process, .events = POLLIN };
	bool alive = poll(&ended, 1, 0) == 0;

	take(machine, machine->console);
	take(machine, machine->complaint);
	if (!machine->panic_time && machine->log && strstr(machine->log, PANIC))
		machine->panic_time = clock_ms();
	/* A panic reboots it, which ends it; unless the panic prevents that. */
	if (machine->panic_time && clock_ms() >= machine->panic_time + PANIC_MS)
		alive = false;
	return alive;
}

uint64_t lab_machine_clock(const struct lab_machine *machine)
{
	uint64_t now = clock_ms(), starved = starved_ms(machine);
	uint64_t most = (now - machine->started) / 16 * 15;

	return now - (starved < most ? starved : most);
}

/* Whether the line that begins there is a warning, after which things go on. */
static bool is_warning(const char *line)
{
	static const char mark[] = " warning: ";

	return memmem(line, strcspn(line, "\r\n"), mark, sizeof(mark) - 1);
}

/* The last line in the log that has that text, from there to its end; NULL if there is none. */
static char *last_line(const struct lab_machine *machine, const char *text)
{
	const char *last = NULL;

	for (const char *at = machine->log; at && (at = strstr(at, text)); at++)
		if (!is_warning(at))
			last = at;
	return last ? lab_format("%.*s", (int)strcspn(last, "\r\n"), last) : NULL;
}

static bool say_sign(const struct lab_machine *machine, const struct lab_sign *sign, int *status)
{
	char *line = last_line(machine, sign->text);

	if (line)
		*status = lab_error(sign->status, "%s: %s", sign->meaning, line);
	free(line);
	return line != NULL;
}

/* How the process ended, where the log has no other reason. */
static int say_end(const struct lab_machine *machine, const struct lab_options *options)
{
	const char *name = machine->emulator->name;
	char *program = lab_format("%.*s:", (int)strcspn(machine->command, " "), machine->command);
	char *line = last_line(machine, program);
	siginfo_t end = { 0 };
	int status;

	/* GLib's assertions, which name no program. */
	if (!line)
		line = last_line(machine, "ERROR:");
	/* It is left to lab_machine_stop() to take it away. */
	waitid(P_PID, (id_t)machine->pid, &end, WEXITED | WNOHANG | WNOWAIT);
	if (end.si_code == CLD_EXITED && (end.si_status == 127 || end.si_status == 126))
		status = machine->emulator->say_missing(options, line ? line : program);
	else if (!machine->booted && line)
		status = lab_error(LAB_NO_QEMU, "%s did not start: %s", name, line);
	else if (end.si_code == CLD_KILLED || end.si_code == CLD_DUMPED)
		status = lab_error(LAB_PANIC,
				   "%s, which emulates the machine, crashed by signal %d%s%s", name,
				   end.si_status, line ? ": " : "", line ? line : "");
	else
		status = lab_error(LAB_PANIC,
				   "the machine ended by itself (%s's exit status %d)%s%s", name,
				   end.si_status, line ? ": " : "", line ? line : "");
	free(line);
	free(program);
	return status;
}

int lab_machine_autopsy(struct lab_machine *machine, const struct lab_options *options)
{
	static const struct lab_sign signs[] = {
		{ "ring0-lab-init: this kernel", LAB_NO_KVM, "the kernel won't do" },
		{ "System is deadlocked on memory", LAB_NO_MEMORY,
		  "the machine has too little memory; give it more with --memory" },
		{ "Initramfs unpacking failed", LAB_NO_MEMORY,
		  "the machine has too little memory; give it more with --memory" },
		{ PANIC, LAB_PANIC, "the machine's kernel panicked" },
		{ "ring0-lab-init:", LAB_PANIC, "the machine ended itself" },
	};
	int status = 0;

	/* Its sockets close, and a panic is told, a moment before its end. */
	poll(&(struct pollfd){ .fd = machine->process, .events = POLLIN }, 1, PANIC_MS);
	lab_machine_listen(machine);
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (say_sign(machine, &signs[i], &status))
			return status;
	for (const struct lab_sign *sign = machine->emulator->signs; sign->text; sign++)
		if (say_sign(machine, sign, &status))
			return status;
	return say_end(machine, options);
}

/* SPDX-License-Identifier: MIT */
/*
 * One machine: a QEMU process that emulates the CPU, and our ends of its port, console and
 * monitor. Everything goes through inherited descriptors, so that no file is left behind.
 * Depends on lab.h and libc.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command/lab/lab.h"
#include "command/lab/protocol.h"

#define LOG_MAX (1u << 20)

#define PANIC	 "Kernel panic - not syncing"
#define PANIC_MS 2000

/* The descriptors as QEMU inherits them. */
enum { PORT_FD = 10, CONSOLE_FD, MONITOR_FD, IMAGE_FD, INITRAMFS_FD, MEMORY_FD, FDS_END };

/* Of these every one but the clock's rate and the console is part of a saved state's key. */
#define KERNEL_OPTIONS                                                                                  \
	"panic=-1 reboot=t mitigations=off audit=0 random.trust_cpu=on cryptomgr.notests lsm= nokaslr " \
	"initcall_blacklist=cubictcp_register,load_system_certificate_list,crypto_kdf108_init"

#if defined(__x86_64__)
/* QEMU's emulated time stamp counter is this host's. Measured once, in kHz. */
static unsigned long tsc_khz(void)
{
	struct timespec from, to;
	uint64_t start, end, elapsed;

	clock_gettime(CLOCK_MONOTONIC_RAW, &from);
	start = __builtin_ia32_rdtsc();
	usleep(2000);
	clock_gettime(CLOCK_MONOTONIC_RAW, &to);
	end = __builtin_ia32_rdtsc();
	elapsed = (uint64_t)(to.tv_sec - from.tv_sec) * 1000000000 +
		  (uint64_t)(to.tv_nsec - from.tv_nsec);
	return (unsigned long)((end - start) * 1000000 / elapsed);
}
#else
/* Elsewhere it counts nanoseconds. */
static unsigned long tsc_khz(void)
{
	return 1000000;
}
#endif

/*
 * Emulation makes the kernel's own measurement of the clock against other timers unreliable, and
 * without one it does not start; so it is told. What else is here makes the start faster.
 */
static char *command_line(const struct lab_options *options)
{
	const char *quiet = options->verbose ? "" : " quiet";

	if (options->architecture->elf_machine == EM_AARCH64)
		return lab_format("console=ttyAMA0 %s%s", KERNEL_OPTIONS, quiet);
	return lab_format("console=ttyS0 %s tsc_early_khz=%lu tsc=reliable%s", KERNEL_OPTIONS,
			  tsc_khz(), quiet);
}

static void add_format(struct lab_strings *strings, char *text)
{
	lab_strings_add(strings, text);
	free(text);
}

/* What makes the machine what it is. */
static void add_machine(struct lab_strings *command, const struct lab_options *options)
{
	const char *const fixed[] = { "-nodefaults",
				      "-no-user-config",
				      "-display",
				      "none",
				      "-no-reboot",
				      "-device",
				      "virtio-serial-device",
				      "-device",
				      ("virtserialport,chardev=port,name=" LAB_PORT_NAME),
				      "-serial",
				      "chardev:console",
				      "-mon",
				      "chardev=monitor,mode=control" };
	bool arm = options->architecture->elf_machine == EM_AARCH64;

	lab_strings_add(command, options->qemu ? options->qemu : options->architecture->qemu);
	lab_strings_add(command, "-M");
	add_format(command, lab_format("%s,memory-backend=ram",
				       arm ? "virt,virtualization=on,gic-version=3" : "microvm"));
	/* QARMA, the architected pointer authentication, takes more time than all else. */
	lab_strings_add(command, "-cpu");
	lab_strings_add(command, arm ? "max,pauth-impdef=on" : "max");
	/*
	 * Several CPUs take turns in one thread. With a thread for each, QEMU gets code that one changes
	 * while another executes it wrong: kernels panic where they patch themselves, or hang.
	 */
	lab_strings_add(command, "-accel");
	lab_strings_add(command, options->cpus > 1 ? "tcg,thread=single" : "tcg");
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		lab_strings_add(command, fixed[i]);
	lab_strings_add(command, "-m");
	add_format(command, lab_format("%u", options->memory));
	lab_strings_add(command, "-smp");
	add_format(command, lab_format("%u", options->cpus));
}

/* The clock's rate, which a restored machine keeps, in steps that measuring does not cross. */
static unsigned long rough_khz(void)
{
	return (tsc_khz() + 5000) / 10000;
}

static char *join(const struct lab_strings *strings)
{
	char *text = lab_format("%s", "");

	for (size_t i = 0; i < strings->count; i++) {
		char *longer = lab_format("%s%s%s", text, i ? " " : "", strings->items[i]);

		free(text);
		text = longer;
	}
	return text;
}

char *lab_machine_key(const struct lab_options *options)
{
	struct lab_strings command = { 0 };
	char *text;

	add_machine(&command, options);
	add_format(&command,
		   lab_format("%s %d %lu", KERNEL_OPTIONS, options->verbose, rough_khz()));
	text = join(&command);
	lab_strings_finish(&command);
	return text;
}

static void build_command(struct lab_strings *command, const struct lab_start *start)
{
	const struct lab_options *options = start->options;

	add_machine(command, options);
	lab_strings_add(command, "-object");
	if (start->restore)
		add_format(command, lab_format("memory-backend-file,id=ram,size=%uM,share=off,"
					       "mem-path=%s/memory",
					       options->memory, start->restore));
	else if (start->save)
		add_format(command, lab_format("memory-backend-file,id=ram,size=%uM,share=on,"
					       "mem-path=/proc/self/fd/%d",
					       options->memory, MEMORY_FD));
	else
		add_format(command,
			   lab_format("memory-backend-ram,id=ram,size=%uM", options->memory));
	lab_strings_add(command, "-chardev");
	add_format(command, lab_format("socket,id=port,fd=%d", PORT_FD));
	lab_strings_add(command, "-chardev");
	add_format(command, lab_format("socket,id=console,fd=%d", CONSOLE_FD));
	lab_strings_add(command, "-chardev");
	add_format(command, lab_format("socket,id=monitor,fd=%d", MONITOR_FD));
	if (start->restore) {
		lab_strings_add(command, "-incoming");
		lab_strings_add(command, "defer");
		return;
	}
	lab_strings_add(command, "-kernel");
	add_format(command, lab_format("/proc/self/fd/%d", IMAGE_FD));
	lab_strings_add(command, "-initrd");
	add_format(command, lab_format("/proc/self/fd/%d", INITRAMFS_FD));
	lab_strings_add(command, "-append");
	add_format(command, command_line(options));
}

/* In the child: never returns. The descriptors are first moved out of each other's way. */
static void __attribute__((noreturn))
execute(char **command, const int *fds, int complaint, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);
	int moved[FDS_END - PORT_FD]; /* -1 where there is none */
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
	dup2(null, 1);
	dup2(complaint, 2);
	for (int i = 0; i < FDS_END - PORT_FD; i++)
		moved[i] = fcntl(fds[i], F_DUPFD, FDS_END);
	for (int i = 0; i < FDS_END - PORT_FD; i++)
		if (moved[i] < 0 || dup2(moved[i], PORT_FD + i) < 0)
			close(PORT_FD + i);
	close_range(FDS_END, ~0u, 0);
	execvp(command[0], command);
	dprintf(2, "%s: %s\n", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* The files that only some starts need. -errno. */
static int open_files(struct lab_machine *machine, const struct lab_start *start)
{
	char *path;

	if (start->restore) {
		path = lab_format("%s/devices", start->restore);
		machine->state = open(path, O_RDONLY | O_CLOEXEC);
		free(path);
		return machine->state < 0 ? -errno : 0;
	}
	if (!start->save)
		return 0;
	machine->state = memfd_create("devices", MFD_CLOEXEC);
	machine->memory = memfd_create("memory", MFD_CLOEXEC);
	if (machine->state < 0 || machine->memory < 0 ||
	    ftruncate(machine->memory, (off_t)start->options->memory << 20))
		return -errno;
	return 0;
}

/* In the parent, once it is known whether there is a child. */
static int adopt(struct lab_machine *machine, pid_t pid)
{
	const int ours[] = { machine->port, machine->console, machine->complaint };

	if (pid < 0)
		return lab_error(LAB_INTERNAL, "fork: %s", strerror(errno));
	machine->pid = pid;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		fcntl(ours[i], F_SETFL, O_NONBLOCK);
	machine->process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (machine->process < 0)
		return lab_error(LAB_INTERNAL, "pidfd_open: %s; Linux 5.3 or later is needed",
				 strerror(errno));
	fcntl(machine->process, F_SETFD, FD_CLOEXEC);
	return 0;
}

static int spawn(struct lab_machine *machine, char **command, const struct lab_start *start)
{
	int pairs[3][2], complaint[2], fds[FDS_END - PORT_FD];
	pid_t parent = getpid(), pid;

	for (int i = 0; i < 3; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]))
			return lab_error(LAB_INTERNAL, "socketpair: %s", strerror(errno));
		fds[i] = pairs[i][1];
	}
	if (pipe2(complaint, O_CLOEXEC))
		return lab_error(LAB_INTERNAL, "pipe: %s", strerror(errno));
	fds[IMAGE_FD - PORT_FD] = start->image;
	fds[INITRAMFS_FD - PORT_FD] = start->initramfs;
	fds[MEMORY_FD - PORT_FD] = machine->memory;
	machine->port = pairs[0][0];
	machine->console = pairs[1][0];
	machine->monitor = pairs[2][0];
	machine->complaint = complaint[0];
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		execute(command, fds, complaint[1], parent);
	for (int i = 0; i < 3; i++)
		close(pairs[i][1]);
	close(complaint[1]);
	return adopt(machine, pid);
}

int lab_machine_start(struct lab_machine *machine, const struct lab_start *start)
{
	struct lab_strings command = { 0 };
	char **arguments;
	int status;

	*machine = (struct lab_machine){ .process = -1, .memory = -1, .state = -1 };
	status = open_files(machine, start);
	if (status)
		return lab_error(LAB_INTERNAL, "files for the machine: %s", strerror(-status));
	build_command(&command, start);
	machine->command = join(&command);
	machine->echo = start->options->verbose;
	if (machine->echo)
		fprintf(stderr, "ring0 lab: %s\n", machine->command);
	arguments = lab_allocate((command.count + 1) * sizeof(*arguments));
	memcpy(arguments, command.items, command.count * sizeof(*arguments));
	status = spawn(machine, arguments, start);
	free(arguments);
	lab_strings_finish(&command);
	return status;
}

void lab_machine_stop(struct lab_machine *machine)
{
	if (machine->pid > 0) {
		kill(machine->pid, SIGKILL);
		while (waitpid(machine->pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(machine->port);
		close(machine->console);
		close(machine->monitor);
		close(machine->complaint);
		if (machine->process >= 0)
			close(machine->process);
	}
	if (machine->memory >= 0)
		close(machine->memory);
	if (machine->state >= 0)
		close(machine->state);
	free(machine->command);
	free(machine->log);
	*machine = (struct lab_machine){ .process = -1, .memory = -1, .state = -1 };
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
		machine->panic_time = lab_clock();
	/* A panic reboots it, which ends it; unless the panic prevents that. */
	if (machine->panic_time && lab_clock() >= machine->panic_time + PANIC_MS)
		alive = false;
	return alive;
}

/* The last line in the log that has that text, from there to its end; NULL if there is none. */
static char *last_line(const struct lab_machine *machine, const char *text)
{
	const char *last = NULL;

	for (const char *at = machine->log; at && (at = strstr(at, text)); at++)
		last = at;
	return last ? lab_format("%.*s", (int)strcspn(last, "\r\n"), last) : NULL;
}

int lab_machine_autopsy(struct lab_machine *machine, const struct lab_options *options)
{
	const char *qemu = options->qemu ? options->qemu : options->architecture->qemu;
	struct {
		const char *text;
		int status;
		const char *meaning;
	} signs[] = {
		{ "ring0-lab-init: this kernel", LAB_NO_KVM, "the kernel won't do" },
		{ "System is deadlocked on memory", LAB_NO_MEMORY,
		  "the machine has too little memory; give it more with --memory" },
		{ "Initramfs unpacking failed", LAB_NO_MEMORY,
		  "the machine has too little memory; give it more with --memory" },
		{ PANIC, LAB_PANIC, "the machine's kernel panicked" },
		{ "ring0-lab-init:", LAB_PANIC, "the machine ended itself" },
		{ "unable to find CPU model", LAB_NO_QEMU, "this QEMU can't emulate the CPU" },
		{ "unsupported machine type", LAB_NO_QEMU, "this QEMU lacks the machine" },
		{ "annot set up guest memory", LAB_NO_MEMORY,
		  "the host has too little memory for the machine" },
	};
	int status = 0;
	char *line;

	/* Its sockets close, and a panic is told, a moment before its end. */
	poll(&(struct pollfd){ .fd = machine->process, .events = POLLIN }, 1, PANIC_MS);
	lab_machine_listen(machine);
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs) && !status; i++) {
		line = last_line(machine, signs[i].text);
		if (line)
			status = lab_error(signs[i].status, "%s: %s", signs[i].meaning, line);
		free(line);
	}
	if (!status) {
		siginfo_t end = { 0 };

		/* It is left to lab_machine_stop() to take it away. */
		waitid(P_PID, (id_t)machine->pid, &end, WEXITED | WNOHANG | WNOWAIT);
		line = last_line(machine, qemu);
		if (end.si_code == CLD_EXITED && (end.si_status == 127 || end.si_status == 126))
			status = lab_error(LAB_NO_QEMU,
					   "QEMU can't be run (%s); install the package %s",
					   line ? line : qemu,
					   options->architecture->elf_machine == EM_AARCH64 ?
						   "qemu-system-arm" :
						   "qemu-system-x86");
		else if (!machine->booted && line)
			status = lab_error(LAB_NO_QEMU, "QEMU did not start: %s", line);
		else if (end.si_code == CLD_KILLED || end.si_code == CLD_DUMPED)
			status = lab_error(
				LAB_PANIC,
				"QEMU, which emulates the machine, crashed by signal %d%s%s",
				end.si_status, line ? ": " : "", line ? line : "");
		else
			status =
				lab_error(LAB_PANIC,
					  "the machine ended by itself (QEMU's exit status %d)%s%s",
					  end.si_status, line ? ": " : "", line ? line : "");
		free(line);
	}
	return status;
}

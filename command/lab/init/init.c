/* SPDX-License-Identifier: MIT */
/*
 * The first process inside the lab's machine: loads the kernel's modules, says that it is there,
 * takes files and runs programs as `ring0 lab` tells it to. Linked statically, since nothing else
 * is in the initial file system. Depends on libc and on ../protocol.h.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/random.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command/lab/init/disc_port.h"
#include "command/lab/protocol.h"

#define PORT_WAIT_MS 10000
#define CHUNK	     65536

static int port = -1;
static int children = -1; /* a signalfd for SIGCHLD */
static unsigned char buffer[LAB_MESSAGE_MAX + 1];

/* Say on the console why the machine is of no use, and end it: the lab shows the last line. */
static void __attribute__((noreturn, format(printf, 1, 2))) give_up(const char *format, ...)
{
	va_list arguments;
	char text[512];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	dprintf(2, "\nring0-lab-init: %s\n", text);
	/* Let the serial port's FIFO drain. */
	usleep(100000);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void write_all(const void *data, size_t size)
{
	const char *from = data;

	while (size) {
		ssize_t n = write(port, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			give_up("writing to the lab's port: %s", strerror(errno));
		from += n;
		size -= (size_t)n;
	}
}

/* An end of file means that the lab has gone away. */
static void read_all(void *data, size_t size)
{
	char *to = data;

	while (size) {
		ssize_t n = read(port, to, size);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			give_up("reading from the lab's port: %s", strerror(errno));
		if (n == 0) {
			usleep(1000); /* not connected yet */
			continue;
		}
		to += n;
		size -= (size_t)n;
	}
}

static void send_message(uint32_t type, const void *data, size_t size)
{
	static unsigned char message[sizeof(struct lab_message) + CHUNK];
	struct lab_message head = { type, (uint32_t)size };

	/* In one write, since each write is a buffer that the machine's emulator handles. */
	memcpy(message, &head, sizeof(head));
	if (size)
		memcpy(message + sizeof(head), data, size);
	write_all(message, sizeof(head) + size);
}

static void __attribute__((format(printf, 2, 3))) send_failure(int error, const char *format, ...)
{
	char message[sizeof(struct lab_exit) + 512];
	struct lab_exit head = { error, 0 };
	va_list arguments;

	memcpy(message, &head, sizeof(head));
	va_start(arguments, format);
	vsnprintf(message + sizeof(head), sizeof(message) - sizeof(head), format, arguments);
	va_end(arguments);
	send_message(LAB_FAILED, message, sizeof(head) + strlen(message + sizeof(head)));
}

static void mount_all(void)
{
	static const struct {
		const char *type, *where;
		unsigned long flags;
	} mounts[] = {
		{ "devtmpfs", "/dev", MS_NOSUID },
		{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV },
		{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i].where, 0755);
		mount(mounts[i].type, mounts[i].where, mounts[i].type, mounts[i].flags, NULL);
	}
	mkdir("/tmp", 01777);
	chmod("/tmp", 01777);
	mkdir("/var", 0755);
	mkdir("/var/tmp", 01777);
	chmod("/dev/shm", 01777);
	if (symlink("/proc/self/fd", "/dev/fd") || symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") || symlink("/proc/self/fd/2", "/dev/stderr"))
		dprintf(2, "ring0-lab-init: /dev/fd: %s\n", strerror(errno));
}

/* In /modules/order is one a line, with its parameters, each after those that it needs. */
static void load_modules(void)
{
	FILE *order = fopen("/modules/order", "re");
	char name[1024], path[1100];

	if (!order)
		return;
	while (fgets(name, sizeof(name), order)) {
		char *parameters = name + strcspn(name, " \n");
		int fd;

		name[strcspn(name, "\n")] = '\0';
		if (*parameters)
			*parameters++ = '\0';
		snprintf(path, sizeof(path), "/modules/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, parameters, 0) && errno != EEXIST))
			dprintf(2, "ring0-lab-init: module %s: %s\n", name, strerror(errno));
		close(fd);
		unlink(path);
	}
	fclose(order);
	unlink("/modules/order");
	rmdir("/modules");
}

/* The port's device appears some time after its driver's module was loaded. */
static int open_port(void)
{
	const char *kind = getenv("RING0_LAB_PORT");

	if (kind && !strcmp(kind, "disc"))
		return disc_port_open();
	/* The class comes with its driver, which is there by now, or never. */
	if (access("/sys/class/virtio-ports", F_OK))
		return -1;
	for (int waited = 0; waited < PORT_WAIT_MS; waited++) {
		DIR *ports = opendir("/sys/class/virtio-ports");
		struct dirent *entry;

		while (ports && (entry = readdir(ports))) {
			char path[300], name[64] = "";
			FILE *file;
			int fd;

			snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
				 entry->d_name);
			file = fopen(path, "re");
			if (!file)
				continue;
			if (fgets(name, sizeof(name), file))
				name[strcspn(name, "\n")] = '\0';
			fclose(file);
			if (strcmp(name, LAB_PORT_NAME))
				continue;
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			fd = open(path, O_RDWR | O_CLOEXEC);
			if (fd >= 0) {
				closedir(ports);
				return fd;
			}
		}
		if (ports)
			closedir(ports);
		usleep(1000);
	}
	return -1;
}

/*
 * On each CPU, have the kernel program its timer anew, and see that it comes. QEMU saves neither of
 * EL2's timers, one of which an arm64 kernel with KVM goes by: what it was to bring when the state was
 * saved never comes after a restore, and what is due later does not program it, since it is to come
 * first. A time that is long over comes before anything.
 */
static void revive_timers(void)
{
	const struct timespec long_over = { .tv_nsec = 1 }, soon = { .tv_nsec = 1000000 };
	cpu_set_t all, one;

	sched_getaffinity(0, sizeof(all), &all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &long_over, NULL);
		nanosleep(&soon, NULL);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

/* A machine restored from a saved state has that state's clock and random numbers. */
static void hello(const struct lab_hello *hello)
{
	struct timeval now = { .tv_sec = (time_t)(hello->nanoseconds / 1000000000),
			       .tv_usec = (suseconds_t)(hello->nanoseconds % 1000000000 / 1000) };
	/* Room for the structure and the bytes that its last member, an array without a size, has. */
	_Alignas(struct rand_pool_info)
		uint8_t room[sizeof(struct rand_pool_info) + sizeof(hello->entropy)];
	struct rand_pool_info *pool = (struct rand_pool_info *)room;
	int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);

	revive_timers();
	settimeofday(&now, NULL);
	pool->entropy_count = 8 * sizeof(hello->entropy);
	pool->buf_size = sizeof(hello->entropy);
	memcpy(pool->buf, hello->entropy, sizeof(hello->entropy));
	if (fd >= 0) {
		ioctl(fd, RNDADDENTROPY, pool);
		ioctl(fd, RNDRESEEDCRNG);
		close(fd);
	}
}

static void make_directories(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static int write_file(int fd, const char *from, size_t size)
{
	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0)
			return -errno;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The content is read to its end even where it can't be written: more messages follow it. */
static void take_file(const struct lab_file *file, char *path, const char *link_text)
{
	static char content[CHUNK];
	uint64_t left = file->size;
	int error = 0, fd = -1;

	make_directories(path);
	if (S_ISDIR(file->mode)) {
		if (mkdir(path, file->mode & 07777) && errno != EEXIST)
			error = errno;
	} else if (S_ISLNK(file->mode)) {
		unlink(path);
		if (symlink(link_text, path))
			error = errno;
	} else {
		unlink(path); /* it may be a program that still runs */
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			error = errno;
	}
	while (left) {
		size_t size = left < sizeof(content) ? (size_t)left : sizeof(content);

		read_all(content, size);
		if (!error)
			error = -write_file(fd, content, size);
		left -= size;
	}
	if (fd >= 0) {
		fchmod(fd, file->mode & 07777);
		close(fd);
	}
	if (error)
		send_failure(error, "%s: %s", path, strerror(error));
}

/* Whether the kernel's log, from where `log` stands on, tells of a process killed for memory. */
static bool killed_for_memory(int log)
{
	char record[8192];
	bool found = false;
	ssize_t n;

	while (log >= 0 && ((n = read(log, record, sizeof(record) - 1)) > 0 || errno == EPIPE)) {
		if (n <= 0)
			continue;
		record[n] = '\0';
		if (strstr(record, "Out of memory: Killed") || strstr(record, "oom-kill:"))
			found = true;
	}
	return found;
}

static int open_log(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (log >= 0)
		lseek(log, 0, SEEK_END);
	return log;
}

/* Pass on what is in a pipe. False at its end. */
static bool pass_on(int fd, uint32_t type)
{
	char data[CHUNK];
	ssize_t n = read(fd, data, sizeof(data));

	if (n > 0)
		send_message(type, data, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Collect the dead. True, with its status, if `wanted` is among them. */
static bool reap(pid_t wanted, int *status)
{
	struct signalfd_siginfo info;
	bool found = false;
	int one;
	pid_t pid;

	while (read(children, &info, sizeof(info)) == sizeof(info))
		;
	while ((pid = waitpid(-1, &one, WNOHANG)) > 0) {
		if (pid != wanted)
			continue;
		found = true;
		*status = WIFEXITED(one) ? WEXITSTATUS(one) : 128 + WTERMSIG(one);
	}
	return found;
}

/* Serve the program that runs: its output, the lab's wish to end it, and its end. */
static void attend(pid_t pid, int output, int error, int log)
{
	struct lab_exit end = { 0, 0 };
	struct pollfd fds[] = {
		{ .fd = children, .events = POLLIN },
		{ .fd = port, .events = POLLIN },
		{ .fd = output, .events = POLLIN },
		{ .fd = error, .events = POLLIN },
	};
	bool ended = false;

	while (!ended) {
		if (poll(fds, 4, -1) < 0 && errno != EINTR)
			give_up("poll: %s", strerror(errno));
		if (fds[1].revents & POLLIN) {
			struct lab_message message;

			read_all(&message, sizeof(message));
			if (message.type == LAB_KILL)
				kill(-1, SIGKILL);
			/* Any other is LAB_INTERRUPT. */
		}
		if (fds[2].revents && !pass_on(output, LAB_OUTPUT))
			fds[2].fd = -1;
		if (fds[3].revents && !pass_on(error, LAB_ERROR))
			fds[3].fd = -1;
		if (fds[0].revents & POLLIN)
			ended = reap(pid, &end.status);
		if (fds[1].revents & (POLLHUP | POLLERR))
			give_up("the lab went away");
	}
	/* What the program started and left behind ends with it, so that the pipes have an end. */
	kill(-1, SIGKILL);
	for (int i = 2; i < 4; i++) {
		if (fds[i].fd < 0)
			continue;
		fcntl(fds[i].fd, F_SETFL, 0);
		while (pass_on(fds[i].fd, i == 2 ? LAB_OUTPUT : LAB_ERROR))
			;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	end.out_of_memory = killed_for_memory(log);
	send_message(LAB_EXIT, &end, sizeof(end));
}

/* In the child. Sends the errno down `report` if it comes back. */
static void __attribute__((noreturn))
execute(char **strings, const struct lab_run *run, const int *output, const int *error, int report)
{
	char **argv = calloc(run->argument_count + 1, sizeof(char *));
	char **variables = calloc(run->variable_count + 1, sizeof(char *));
	int null = open("/dev/null", O_RDWR);
	sigset_t none;
	int failure;

	if (!argv || !variables)
		_exit(127);
	memcpy(argv, strings + 2, run->argument_count * sizeof(char *));
	memcpy(variables, strings + 2 + run->argument_count, run->variable_count * sizeof(char *));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(null, 0);
	dup2(output[1], 1);
	dup2(run->merged ? output[1] : error[1], 2);
	if (null > 2)
		close(null);
	if (chdir(strings[0]) == 0)
		execve(strings[1], argv, variables);
	failure = errno;
	if (write(report, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

/* What LAB_FIND asks for; nftw() has no argument for its function. */
static struct {
	const char *suffixes;
	size_t size;
	struct timespec since; /* when the first program began */
} wanted;

static void run_program(char *strings_text, size_t size, const struct lab_run *run)
{
	size_t count = 2 + (size_t)run->argument_count + run->variable_count;
	char **strings = calloc(count, sizeof(char *));
	int output[2], error[2], report[2], failure = 0;
	char *text = strings_text, *end = strings_text + size;
	char *directory;
	pid_t pid;
	int log;

	if (!strings)
		give_up("no memory for a program's arguments");
	for (size_t i = 0; i < count; i++) {
		char *next = memchr(text, '\0', (size_t)(end - text));

		if (!next)
			give_up("a message to run a program is cut short");
		strings[i] = text;
		text = next + 1;
	}
	if (asprintf(&directory, "%s/", strings[0]) < 0)
		give_up("no memory for a program's directory");
	make_directories(directory);
	free(directory);
	if (pipe2(output, O_CLOEXEC) || pipe2(error, O_CLOEXEC) || pipe2(report, O_CLOEXEC))
		give_up("pipe: %s", strerror(errno));
	log = open_log();
	/* The clock that files have their times by. */
	if (!wanted.since.tv_sec)
		clock_gettime(CLOCK_REALTIME_COARSE, &wanted.since);
	pid = fork();
	if (pid < 0)
		give_up("fork: %s", strerror(errno));
	if (pid == 0)
		execute(strings, run, output, error, report[1]);
	close(output[1]);
	close(error[1]);
	close(report[1]);
	if (read(report[0], &failure, sizeof(failure)) == sizeof(failure)) {
		waitpid(pid, NULL, 0);
		send_failure(failure, "%s: %s", strings[1], strerror(failure));
	} else {
		attend(pid, output[0], error[0], log);
	}
	close(report[0]);
	close(output[0]);
	close(error[0]);
	close(log);
	free(strings);
}

static void collect(const char *path)
{
	static char data[CHUNK];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		send_failure(errno, "%s: %s", path, strerror(errno));
		return;
	}
	while ((n = read(fd, data, sizeof(data))) > 0)
		send_message(LAB_COLLECTED, data, (size_t)n);
	if (n < 0)
		send_failure(errno, "%s: %s", path, strerror(errno));
	else
		send_message(LAB_COLLECTED, data, 0);
	close(fd);
}

static bool is_wanted(const char *path)
{
	const char *end = wanted.suffixes + wanted.size;

	for (const char *suffix = wanted.suffixes; suffix < end; suffix += strlen(suffix) + 1) {
		size_t length = strlen(suffix), all = strlen(path);

		if (length && all > length && !strcmp(path + all - length, suffix))
			return true;
	}
	return false;
}

static int walked(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)where;
	if (type == FTW_F && is_wanted(path) &&
	    (status->st_mtim.tv_sec > wanted.since.tv_sec ||
	     (status->st_mtim.tv_sec == wanted.since.tv_sec &&
	      status->st_mtim.tv_nsec >= wanted.since.tv_nsec)))
		send_message(LAB_FOUND, path, strlen(path));
	return FTW_CONTINUE;
}

/* Where programs write: no file system of the kernel's own. */
static void find(const char *suffixes, size_t size)
{
	static const char *const skipped[] = { "proc", "sys", "dev" };
	const struct dirent *entry;
	DIR *root = opendir("/");

	wanted.suffixes = suffixes;
	wanted.size = size;
	while (root && (entry = readdir(root))) {
		bool skip = entry->d_name[0] == '.';
		char path[sizeof(entry->d_name) + 1];

		for (size_t i = 0; i < sizeof(skipped) / sizeof(*skipped); i++)
			skip |= !strcmp(entry->d_name, skipped[i]);
		snprintf(path, sizeof(path), "/%s", entry->d_name);
		if (!skip)
			nftw(path, walked, 16, FTW_PHYS);
	}
	if (root)
		closedir(root);
	send_message(LAB_FOUND, NULL, 0);
}

static void obey(const struct lab_message *message)
{
	struct lab_file file;
	struct lab_run run;
	char *path;

	switch (message->type) {
	case LAB_HELLO:
		hello((const struct lab_hello *)buffer);
		send_message(LAB_READY, NULL, 0);
		break;
	case LAB_FILE:
		memcpy(&file, buffer, sizeof(file));
		if (message->length < sizeof(file) ||
		    file.path_length > message->length - sizeof(file))
			give_up("a message with a file is cut short");
		path = strndup((char *)buffer + sizeof(file), file.path_length);
		if (!path)
			give_up("no memory for a path");
		take_file(&file, path, (char *)buffer + sizeof(file) + file.path_length);
		free(path);
		break;
	case LAB_RUN:
		memcpy(&run, buffer, sizeof(run));
		if (message->length < sizeof(run))
			give_up("a message to run a program is cut short");
		run_program((char *)buffer + sizeof(run), message->length - sizeof(run), &run);
		break;
	case LAB_COLLECT:
		collect((char *)buffer);
		break;
	case LAB_FIND:
		find((char *)buffer, message->length);
		break;
	case LAB_KILL: /* it ended by itself meanwhile */
	case LAB_INTERRUPT:
		break;
	default:
		give_up("message of unknown type %u", message->type);
	}
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		ioctl(fd, SIOCSIFFLAGS, &request);
		close(fd);
	}
}

/* Whether the CPU lacks what KVM needs: on x86 a flag says so, elsewhere only KVM knows. */
static bool cpu_cannot(void)
{
	FILE *info = fopen("/proc/cpuinfo", "re");
	bool x86 = false, can = false;
	char line[8192];

	while (info && fgets(line, sizeof(line), info)) {
		if (strncmp(line, "flags", 5))
			continue;
		x86 = true;
		can = can || strstr(line, " svm") || strstr(line, " vmx");
	}
	if (info)
		fclose(info);
	return x86 && !can;
}

int main(void)
{
	struct lab_ready ready = { LAB_MAGIC, 0, 0 };
	sigset_t child;
	int kvm;

	mount_all();
	load_modules();
	raise_loopback();
	sethostname("ring0-lab", 9);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	port = open_port();
	if (port < 0)
		give_up("this kernel has no virtio console port (virtio_mmio, virtio_console)");
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0) {
		ready.kvm_error = (uint32_t)errno;
		ready.no_virtualization = cpu_cannot();
	} else {
		close(kvm);
	}
	send_message(LAB_READY, &ready, sizeof(ready));
	for (;;) {
		struct lab_message message;

		read_all(&message, sizeof(message));
		if (message.length > LAB_MESSAGE_MAX)
			give_up("message of %u bytes", message.length);
		read_all(buffer, message.length);
		buffer[message.length] = '\0';
		obey(&message);
	}
}

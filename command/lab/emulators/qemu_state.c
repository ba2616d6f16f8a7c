/* SPDX-License-Identifier: MIT */
/*
 * Saving and restoring a machine of QEMU's, over its monitor. The memory of a saved state is a file that
 * QEMU maps copy-on-write, so that a restore reads only what the machine then touches (QEMU's
 * capability x-ignore-shared); the rest is a migration stream of some hundred kilobytes. That goes
 * over a socket, as every QEMU can do it: a file behind "fd:" is refused since QEMU 11, and "file:" is not
 * known before 8.2. Depends on emulator.h, qemu.h and libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "command/lab/emulators/emulator.h"
#include "command/lab/machine.h"
#include "command/lab/options.h"
#include "command/lab/emulators/qemu.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

#define PAGE	   4096u
#define MONITOR_MS 20000

static int monitor_of(const struct lab_machine *machine)
{
	return ((const struct lab_qemu *)machine->own)->monitor;
}

/* Keep QEMU's own words on what went wrong: the text after that name, or all of the answer. */
static void keep_refusal(struct lab_machine *machine, const char *answer, const char *name)
{
	const char *text = strstr(answer, name);

	text = text ? text + strlen(name) : answer;
	free(machine->refusal);
	machine->refusal = lab_format("%.*s", (int)strcspn(text, "\""), text);
}

/*
 * Say that to QEMU's monitor, unless it is NULL or empty, and wait for the answer, past any events;
 * for NULL, for the greeting. -EPROTO if the answer is an error, kept in machine->refusal.
 */
static int ask(struct lab_machine *machine, const char *command, char *answer, size_t room)
{
	uint64_t deadline = lab_machine_clock(machine) + MONITOR_MS;
	size_t used = 0;

	if (command && *command &&
	    send(monitor_of(machine), command, strlen(command), MSG_NOSIGNAL) < 0)
		return -errno;
	for (;;) {
		struct pollfd fds[] = { { .fd = monitor_of(machine), .events = POLLIN },
					{ .fd = machine->process, .events = POLLIN } };
		int ready = poll(fds, 2, 0);
		char byte;

		if (!ready) {
			uint64_t now = lab_machine_clock(machine);

			if (now >= deadline)
				return -ETIMEDOUT;
			ready = poll(fds, 2, (int)(deadline - now));
		}
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (!fds[0].revents)
			continue;
		if (recv(monitor_of(machine), &byte, 1, 0) != 1)
			return -EPIPE;
		if (byte != '\n') {
			if (used + 1 < room)
				answer[used++] = byte;
			continue;
		}
		answer[used] = '\0';
		used = 0;
		if (!strncmp(answer, "{\"return\"", 9) || (!command && strstr(answer, "\"QMP\"")))
			return 0;
		if (!strncmp(answer, "{\"error\"", 8)) {
			keep_refusal(machine, answer, "\"desc\": \"");
			return -EPROTO;
		}
	}
}

static int tell(struct lab_machine *machine, const char *command)
{
	char answer[4096];

	return ask(machine, command, answer, sizeof(answer));
}

/* Hand QEMU that descriptor for the stream: it comes with this command, as unix(7) has it. */
static int give_descriptor(struct lab_machine *machine, int fd)
{
	char command[] = "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"state\"}}\n";
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec data = { command, sizeof(command) - 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control.space) };
	char answer[4096];

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(int));
	if (sendmsg(monitor_of(machine), &message, MSG_NOSIGNAL) < 0)
		return -errno;
	return ask(machine, "", answer, sizeof(answer));
}

/* Our end of a stream whose other end QEMU calls "fd:state", or -errno. It gives up on one that stalls. */
static int open_stream(struct lab_machine *machine)
{
	const struct timeval limit = { .tv_sec = MONITOR_MS / 1000 };
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = give_descriptor(machine, pair[1]);
	close(pair[1]);
	if (!err && (setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
		     setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit))))
		err = -errno;
	if (!err)
		return pair[0];
	close(pair[0]);
	return err;
}

/* The stream to its end, to a new file. 0 or -errno. */
static int receive_stream(int stream, const char *path)
{
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), err = 0;
	char data[65536];
	ssize_t n;

	if (to < 0)
		return -errno;
	while (!err && (n = recv(stream, data, sizeof(data), 0)) != 0)
		err = n < 0 ? -errno : lab_write_all(to, data, (size_t)n);
	if (close(to) && !err)
		err = -errno;
	return err;
}

/* A file as the stream. 0 or -errno. */
static int send_stream(int stream, int from)
{
	char data[65536];
	ssize_t n = 0;
	off_t at = 0;

	while ((n = pread(from, data, sizeof(data), at)) > 0) {
		n = send(stream, data, (size_t)n, MSG_NOSIGNAL);
		if (n < 0)
			break;
		at += n;
	}
	return n < 0 ? -errno : 0;
}

/* The greeting, and leave to ignore memory that is in a file. 0 or -errno. */
static int introduce(struct lab_machine *machine)
{
	int err = tell(machine, NULL);

	if (!err)
		err = tell(machine, "{\"execute\":\"qmp_capabilities\"}\n");
	if (!err)
		err = tell(machine, "{\"execute\":\"migrate-set-capabilities\",\"arguments\":"
				    "{\"capabilities\":[{\"capability\":\"x-ignore-shared\","
				    "\"state\":true}]}}\n");
	return err;
}

static int wait_migration(struct lab_machine *machine)
{
	uint64_t deadline = lab_machine_clock(machine) + MONITOR_MS;
	char answer[8192];

	for (;;) {
		int err = ask(machine, "{\"execute\":\"query-migrate\"}\n", answer, sizeof(answer));

		if (err)
			return err;
		if (strstr(answer, "\"status\": \"completed\""))
			return 0;
		if (strstr(answer, "\"status\": \"failed\"")) {
			keep_refusal(machine, answer, "\"error-desc\": \"");
			return -EIO;
		}
		if (lab_machine_clock(machine) >= deadline)
			return -ETIMEDOUT;
		usleep(500);
	}
}

/* Copy what is not zero of the machine's memory, with holes elsewhere. 0 or -errno. */
static int copy_memory(int from, const char *path, size_t size)
{
	static const unsigned char zeros[PAGE];
	const unsigned char *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, from, 0);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), err = 0;
	off_t start = 0, end;

	if (memory == MAP_FAILED || to < 0 || ftruncate(to, (off_t)size))
		err = -errno;
	while (!err && (start = lseek(from, start, SEEK_DATA)) >= 0) {
		end = lseek(from, start, SEEK_HOLE);
		for (off_t at = start; at < end && !err;) {
			off_t stop;

			for (; at < end && !memcmp(memory + at, zeros, PAGE); at += PAGE)
				;
			for (stop = at; stop < end && memcmp(memory + stop, zeros, PAGE);
			     stop += PAGE)
				;
			while (at < stop && !err) {
				ssize_t n = pwrite(to, memory + at, (size_t)(stop - at), at);

				if (n < 0)
					err = -errno;
				else
					at += n;
			}
		}
		start = end;
	}
	if (to >= 0 && close(to) && !err)
		err = -errno;
	if (memory != MAP_FAILED)
		munmap((void *)(uintptr_t)memory, size);
	return err;
}

int lab_qemu_restore(struct lab_machine *machine)
{
	const struct lab_qemu *qemu = machine->own;
	int err = introduce(machine), stream = -1;

	if (!err) {
		stream = open_stream(machine);
		err = stream < 0 ? stream : 0;
	}
	if (!err)
		err = tell(machine, "{\"execute\":\"migrate-incoming\",\"arguments\":"
				    "{\"uri\":\"fd:state\"}}\n");
	if (!err)
		err = send_stream(stream, qemu->devices);
	if (stream >= 0)
		close(stream);
	if (!err)
		err = wait_migration(machine);
	if (!err)
		err = tell(machine, "{\"execute\":\"cont\"}\n");
	return err;
}

/* Have QEMU write its devices' state to that file. 0 or -errno. */
static int save_devices(struct lab_machine *machine, const char *path)
{
	int stream = open_stream(machine), err;

	if (stream < 0)
		return stream;
	err = tell(machine, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"fd:state\"}}\n");
	if (!err)
		err = receive_stream(stream, path);
	close(stream);
	return err ? err : wait_migration(machine);
}

int lab_qemu_save(struct lab_machine *machine, const struct lab_options *options,
		  const char *directory)
{
	char *memory = lab_format("%s/memory", directory);
	char *devices = lab_format("%s/devices", directory);
	const struct lab_qemu *qemu = machine->own;
	int err = introduce(machine);

	if (!err)
		err = tell(machine, "{\"execute\":\"stop\"}\n");
	if (!err)
		err = save_devices(machine, devices);
	if (!err)
		err = copy_memory(qemu->memory, memory, (size_t)options->memory << 20);
	free(memory);
	free(devices);
	return err;
}

int lab_qemu_resume(struct lab_machine *machine)
{
	return tell(machine, "{\"execute\":\"cont\"}\n");
}

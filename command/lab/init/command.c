/* SPDX-License-Identifier: MIT */
/* What stands in for the command ring0: see command.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/helper_process.h"
#include "command/lab/init/command.h"
#include "command/lab/init/port.h"

/* Abstract: no file system has it. */
#define ADDRESS "\0" LAB_PORT_NAME

#define ARGUMENTS_SIZE 16384
#define ASKERS	       64

static int socket_of(struct sockaddr_un *address, socklen_t *length)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, ADDRESS, sizeof(ADDRESS) - 1);
	*length = offsetof(struct sockaddr_un, sun_path) + sizeof(ADDRESS) - 1;
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

/* The arguments in one packet, and the input's descriptor with it. */
static bool send_question(int to, int argc, char **argv, int input)
{
	static char arguments[ARGUMENTS_SIZE];
	struct iovec part = { .iov_base = arguments };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	for (int i = 1; i < argc; i++) {
		size_t size = strlen(argv[i]) + 1;

		if (size > sizeof(arguments) - part.iov_len)
			return false;
		memcpy(arguments + part.iov_len, argv[i], size);
		part.iov_len += size;
	}
	control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
					 .cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), &input, sizeof(input));
	return part.iov_len && sendmsg(to, &message, 0) == (ssize_t)part.iov_len;
}

/* The answer, written to `output`. Returns the status, 1 without one. */
static int32_t question(int argc, char **argv, int input, int output)
{
	static char packet[PORT_CHUNK];
	struct sockaddr_un address;
	socklen_t length;
	int to = socket_of(&address, &length);
	int32_t status = 1;
	ssize_t n;

	if (to < 0)
		return 1;
	if (connect(to, (struct sockaddr *)&address, length) ||
	    !send_question(to, argc, argv, input < 0 ? to : input)) {
		close(to);
		return 1;
	}
	/* Parts of the output, and at the end a packet with the status alone. */
	while ((n = recv(to, packet, sizeof(packet), 0)) > 0) {
		if (packet[0] == 'e' && n == 1 + (ssize_t)sizeof(status)) {
			memcpy(&status, packet + 1, sizeof(status));
		} else if (write(output, packet + 1, (size_t)n - 1) < 0) {
			status = 1;
			break;
		}
	}
	close(to);
	return status;
}

/* As the command itself, which comes for that. Returns the exit status where there is none. */
static int become_command(char **argv)
{
	char name[] = "ring0", nothing[] = "", path[PATH_MAX];
	char *ask[] = { name, nothing };
	int32_t status;
	int ends[2];
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC))
		return 1;
	status = question(2, ask, -1, ends[1]);
	close(ends[1]);
	n = read(ends[0], path, sizeof(path) - 1);
	close(ends[0]);
	if (status || n <= 0)
		return 1;
	path[n] = '\0';
	execv(path, argv);
	return 1;
}

int command_ask(int argc, char **argv)
{
	/* A test program's question: its last argument is its input. */
	if (argc > 2 && !strcmp(argv[argc - 1], HELPER_PROCESS_FD_PATH) &&
	    fcntl(HELPER_PROCESS_FD, F_GETFD) >= 0)
		return question(argc, argv, HELPER_PROCESS_FD, 1);
	return become_command(argv);
}

static int askers[ASKERS]; /* their sockets, 0 where there is none */

int command_listen(void)
{
	struct sockaddr_un address;
	socklen_t length;
	int listener = socket_of(&address, &length);

	if (listener >= 0 &&
	    (bind(listener, (struct sockaddr *)&address, length) || listen(listener, ASKERS))) {
		close(listener);
		return -1;
	}
	return listener;
}

/* Those who wait no more: they were killed. Sockets of others have nothing to be read. */
static void forget_gone(void)
{
	char byte;

	for (int i = 0; i < ASKERS; i++) {
		if (!askers[i] || recv(askers[i], &byte, 1, MSG_DONTWAIT) != 0)
			continue;
		close(askers[i]);
		askers[i] = 0;
	}
}

/* What is between two holes of the input, or as much of it as goes into a message. Returns where it ends. */
static uint64_t send_part(int input, uint64_t from, uint64_t size)
{
	static char data[PORT_CHUNK];
	struct lab_input head = { .offset = from };
	const off_t hole = lseek(input, (off_t)from, SEEK_HOLE);
	uint64_t left =
		(hole > (off_t)from && (uint64_t)hole < size ? (uint64_t)hole : size) - from;
	const size_t room = sizeof(data) - sizeof(head);
	ssize_t n =
		pread(input, data + sizeof(head), left < room ? (size_t)left : room, (off_t)from);

	/* It was cut while it was read. */
	if (n <= 0)
		return size;
	memcpy(data, &head, sizeof(head));
	port_send(LAB_INPUT, data, sizeof(head) + (size_t)n);
	return from + (uint64_t)n;
}

static void send_on(int number, const char *arguments, size_t size, int input)
{
	static char data[PORT_CHUNK];
	struct lab_command head = { .number = (uint32_t)number };
	struct lab_input end = { 0 };
	struct stat status;
	uint64_t done = 0;

	if (!fstat(input, &status) && S_ISREG(status.st_mode))
		head.size = (uint64_t)status.st_size;
	memcpy(data, &head, sizeof(head));
	memcpy(data + sizeof(head), arguments, size);
	port_send(LAB_COMMAND, data, sizeof(head) + size);
	while (done < head.size) {
		const off_t start = lseek(input, (off_t)done, SEEK_DATA);

		/* Nothing but a hole, or a file system that doesn't tell of holes. */
		if (start < 0 && errno == ENXIO)
			break;
		done = send_part(input, start < 0 ? done : (uint64_t)start, head.size);
	}
	end.offset = head.size;
	port_send(LAB_INPUT, &end, sizeof(end));
}

void command_take(int listener)
{
	static char arguments[ARGUMENTS_SIZE];
	/* It sends at once; should it be stopped before that, init has other work. */
	const struct timeval limit = { .tv_sec = 5 };
	struct iovec part = { .iov_base = arguments, .iov_len = sizeof(arguments) };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int asker = accept4(listener, NULL, NULL, SOCK_CLOEXEC), number = 0, input;
	ssize_t size;

	if (asker < 0)
		return;
	forget_gone();
	while (number < ASKERS && askers[number])
		number++;
	setsockopt(asker, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	size = recvmsg(asker, &message, MSG_CMSG_CLOEXEC);
	if (number == ASKERS || size <= 0 || !message.msg_controllen ||
	    control.head.cmsg_type != SCM_RIGHTS) {
		close(asker);
		return;
	}
	memcpy(&input, CMSG_DATA(&control.head), sizeof(input));
	askers[number] = asker;
	send_on(number, arguments, (size_t)size, input);
	close(input);
}

void command_answer(uint32_t length)
{
	static char packet[PORT_CHUNK];
	struct lab_answer head = { .number = ASKERS };
	int asker = 0;

	if (length >= sizeof(head)) {
		port_read(&head, sizeof(head));
		length -= (uint32_t)sizeof(head);
	}
	if (head.number < ASKERS) {
		asker = askers[head.number];
		askers[head.number] = 0;
	}
	while (length) {
		size_t part = length < sizeof(packet) - 1 ? length : sizeof(packet) - 1;

		packet[0] = 'o';
		port_read(packet + 1, part);
		length -= (uint32_t)part;
		if (asker)
			send(asker, packet, 1 + part, MSG_NOSIGNAL);
	}
	if (!asker)
		return;
	packet[0] = 'e';
	memcpy(packet + 1, &head.status, sizeof(head.status));
	send(asker, packet, 1 + sizeof(head.status), MSG_NOSIGNAL);
	close(asker);
}

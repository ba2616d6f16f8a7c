/* SPDX-License-Identifier: MIT */
/*
 * The first process inside the lab's machine: loads the kernel's modules, says that it is there,
 * takes files and runs programs as `ring0 lab` tells it to. As any other process, it stands in for the
 * command ring0 (command.h). Linked statically, since nothing else is in the initial file system. Depends on libc and on ../protocol.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "command/lab/init/command.h"
#include "command/lab/init/files.h"
#include "command/lab/init/port.h"
#include "command/lab/init/program.h"
#include "command/lab/init/start.h"
#include "command/lab/init/timers.h"
#include "command/lab/protocol.h"

static unsigned char buffer[LAB_MESSAGE_MAX + 1];

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

static void obey(const struct lab_message *message, int port)
{
	struct lab_run run;

	switch (message->type) {
	case LAB_HELLO:
		if (!timers_revive()) {
			port_send_failure(ETIME, "the machine's timers");
			break;
		}
		hello((const struct lab_hello *)buffer);
		port_send(LAB_READY, NULL, 0);
		break;
	case LAB_FILE:
		files_take((char *)buffer, message->length);
		break;
	case LAB_RUN:
		memcpy(&run, buffer, sizeof(run));
		if (message->length < sizeof(run))
			port_give_up("a message to run a program is cut short");
		program_run((char *)buffer + sizeof(run), message->length - sizeof(run), &run,
			    port);
		break;
	case LAB_COLLECT:
		files_collect((char *)buffer);
		break;
	case LAB_FIND:
		files_find((char *)buffer, message->length);
		break;
	case LAB_ANSWER: /* who asked was killed */
	case LAB_KILL:	 /* it ended by itself meanwhile */
	case LAB_SIGNAL:
	case LAB_INTERRUPT:
		break;
	default:
		port_give_up("message of unknown type %u", message->type);
	}
}

int main(int argc, char **argv)
{
	struct lab_ready ready = { LAB_MAGIC, 0, 0 };
	int port, kvm;

	if (getpid() != 1)
		return command_ask(argc, argv);
	start_system();
	signal(SIGPIPE, SIG_IGN);
	program_prepare();
	port = port_open();
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0) {
		ready.kvm_error = (uint32_t)errno;
		ready.no_virtualization = start_cpu_cannot();
	} else {
		close(kvm);
	}
	port_send(LAB_READY, &ready, sizeof(ready));
	for (;;) {
		struct lab_message message;

		port_read(&message, sizeof(message));
		if (message.length > LAB_MESSAGE_MAX)
			port_give_up("message of %u bytes", message.length);
		port_read(buffer, message.length);
		buffer[message.length] = '\0';
		obey(&message, port);
	}
}

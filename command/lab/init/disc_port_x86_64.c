/* SPDX-License-Identifier: MIT */
/*
 * Carry the port's bytes between a socket pair and the machine's hardware: what comes is on the disc,
 * what goes leaves by port 0xe9. By a thread, which alone has the right to use ports, and which
 * kill(-1) spares. Depends on atapi_x86_64.h, disc.h and libc.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/io.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command/lab/emulators/disc.h"
#include "command/lab/init/atapi_x86_64.h"
#include "command/lab/init/disc_port.h"

/* Of the machine's time, between looks at the disc. Idle, it passes much faster than the host's. */
#define LOOK_MS 10
#define BLOCKS	16

static union {
	struct lab_disc disc;
	unsigned char bytes[LAB_DISC_BLOCK];
} head;

struct carrier {
	int socket;
	uint64_t session;
	uint64_t read; /* bytes of the stream that came through */
};

static void put(const void *data, size_t size)
{
	__asm__ volatile("rep outsb" : "+S"(data), "+c"(size) : "d"(0xe9) : "memory");
}

/* See what the disc has. Another host's disc is answered by the mark, and read from its start. */
static void look(struct carrier *carrier)
{
	atapi_read(0, 1, &head);
	if (head.disc.session == carrier->session)
		return;
	carrier->session = head.disc.session;
	carrier->read = 0;
	put(LAB_DISC_MARK, sizeof(LAB_DISC_MARK) - 1);
	put(&carrier->session, sizeof(carrier->session));
}

/* Pass on what is new, as far as the socket takes it. True if there is more. */
static bool take(struct carrier *carrier)
{
	static unsigned char blocks[BLOCKS * LAB_DISC_BLOCK];
	uint64_t left = head.disc.written - carrier->read;
	size_t offset = carrier->read % LAB_DISC_BLOCK, size = sizeof(blocks) - offset;
	ssize_t n;

	if (!left)
		return false;
	if (size > left)
		size = left;
	atapi_read((uint32_t)(LAB_DISC_STREAM + carrier->read / LAB_DISC_BLOCK),
		   (uint32_t)((offset + size + LAB_DISC_BLOCK - 1) / LAB_DISC_BLOCK), blocks);
	n = send(carrier->socket, blocks + offset, size, MSG_DONTWAIT);
	if (n > 0)
		carrier->read += (uint64_t)n;
	return n == (ssize_t)left || n == (ssize_t)size;
}

static void *carry(void *argument)
{
	struct carrier carrier = { .socket = *(const int *)argument };
	static unsigned char out[65536];
	struct pollfd end = { .fd = carrier.socket, .events = POLLIN };
	bool more = false;

	if (iopl(3))
		return NULL;
	for (;;) {
		ssize_t n;

		look(&carrier);
		more = take(&carrier);
		if (poll(&end, 1, more ? 0 : LOOK_MS) <= 0)
			continue;
		n = recv(carrier.socket, out, sizeof(out), MSG_DONTWAIT);
		if (n > 0)
			put(out, (size_t)n);
	}
}

int disc_port_open(void)
{
	static int ends[2];
	pthread_t thread;
	int err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -1;
	err = pthread_create(&thread, NULL, carry, &ends[1]);
	if (err) {
		close(ends[0]);
		close(ends[1]);
		errno = err;
		return -1;
	}
	return ends[0];
}

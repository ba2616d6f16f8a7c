/* SPDX-License-Identifier: MIT */
/* Sockets for gdb: see listen.h. */
#include "gdb/listen.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* All digits is a port, and no path. Returns whether it is one that there is. */
static bool read_port(const char *where, unsigned int *port)
{
	unsigned long value = strtoul(where, NULL, 10);

	*port = (unsigned int)value;
	return strlen(where) <= 5 && value >= 1 && value <= 65535;
}

static int open_socket(struct gdb_listener *listener, const char *where, struct sockaddr *address,
		       socklen_t size, struct error *error)
{
	const char *sign = *where ? "=" : "";
	const int on = 1;
	int err;

	listener->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->fd < 0)
		return error_set(error, errno, "--gdb: socket: %s", strerror(errno));
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener->fd, address, size) == 0 && listen(listener->fd, 1) == 0)
		return 0;
	err = error_set(error, errno, "--gdb%s%s: %s", sign, where, strerror(errno));
	close(listener->fd);
	listener->fd = -1;
	return err;
}

/*
 * Whether a socket in the file system is of a process that has ended, or has become another one. Who has one is not
 * disturbed: a datagram socket is of another type than its own, which is told before it hears of anything (Linux's
 * net/unix/af_unix.c, unix_find_bsd()).
 */
static bool is_left(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is;

	if (fd < 0)
		return false;
	is = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
	     errno == ECONNREFUSED;
	close(fd);
	return is;
}

static bool is_socket(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

static int listen_at_path(struct gdb_listener *listener, const char *where, struct error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(where);
	int err;

	if (length >= sizeof(address.sun_path))
		return error_set(error, EINVAL, "--gdb=%s: a socket's path has %zu bytes at most",
				 where, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, where, length + 1);
	if (is_socket(where) && is_left(&address))
		unlink(where);
	err = open_socket(listener, where, (struct sockaddr *)&address, sizeof(address), error);
	if (!err)
		listener->path = where;
	return err;
}

int gdb_listener_init(struct gdb_listener *listener, const char *where, struct error *error)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	unsigned int port = 0;
	int err;

	*listener = (struct gdb_listener){ .fd = -1 };
	if (where[strspn(where, "0123456789")])
		return listen_at_path(listener, where, error);
	if (*where && !read_port(where, &port))
		return error_set(error, EINVAL, "--gdb=%s: a port from 1 to 65535 is expected",
				 where);
	address.sin_port = htons((uint16_t)port);
	err = open_socket(listener, where, (struct sockaddr *)&address, size, error);
	if (!err && getsockname(listener->fd, (struct sockaddr *)&address, &size) == 0)
		listener->port = ntohs(address.sin_port);
	return err;
}

void gdb_listener_finish(struct gdb_listener *listener)
{
	if (!listener)
		return;
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->path)
		unlink(listener->path);
	*listener = (struct gdb_listener){ .fd = -1 };
}

void gdb_listener_name(const struct gdb_listener *listener, char *text, size_t size)
{
	if (listener->path)
		snprintf(text, size, "%s", listener->path);
	else
		snprintf(text, size, "localhost:%u", listener->port);
}

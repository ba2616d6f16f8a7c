/* SPDX-License-Identifier: MIT */
/* Where gdb connects to: a port of this machine, or a socket in the file system. Depends on base/error.h. */
#ifndef GDB_LISTEN_H
#define GDB_LISTEN_H

#include <stddef.h>
#include "base/error.h"

struct gdb_listener {
	int fd;		   /* to accept() from, or -1 */
	const char *path;  /* of a socket in the file system, or NULL */
	unsigned int port; /* if it is none */
};

/*
 * Listen at `where`, a port in decimal, a path that is kept, or "" for a port that is free. A socket that is there, and
 * that nobody listens at any more, makes room. Returns 0, or -errno with
 * a message that begins with --gdb. gdb_listener_finish() in any case.
 */
int gdb_listener_init(struct gdb_listener *listener, const char *where, struct error *error);

/* NULL is fine; removes the socket. */
void gdb_listener_finish(struct gdb_listener *listener);

/* What gdb's "target remote" is to be given. */
void gdb_listener_name(const struct gdb_listener *listener, char *text, size_t size);

#endif /* GDB_LISTEN_H */

/* SPDX-License-Identifier: MIT */
/*
 * A debugger's session with a target, by gdb's remote protocol (GDB manual, appendix E): bytes in, bytes out.
 * All CPUs stop when one does; gdb sees them as threads, CPU 0 as thread 1. Depends on packet.h and target.h.
 */
#ifndef GDB_SESSION_H
#define GDB_SESSION_H

#include "gdb/packet.h"
#include "gdb/target.h"

enum gdb_state {
	GDB_STOPPED,
	GDB_RUNNING,
	GDB_DETACHED, /* the client wants no more: the target is to go on without it */
	GDB_KILLED,   /* it wants the target to end */
};

enum gdb_stop_kind {
	GDB_STOP_SIGNAL, /* `signal` says which, as gdb numbers them: 2 is an interrupt, 5 a trap */
	GDB_STOP_BREAKPOINT,
	GDB_STOP_HARDWARE_BREAKPOINT,
	GDB_STOP_WATCHPOINT, /* `address` was written */
};

struct gdb_stop {
	enum gdb_stop_kind kind;
	unsigned int cpu;
	int signal;
	uint64_t address;
};

struct gdb_session {
	const struct gdb_target *target;
	enum gdb_state state;
	struct gdb_stop stop; /* the last one */
	unsigned int cpu;     /* that registers and memory are of */
	bool no_acks;	      /* packets are not acknowledged any more */
	bool says_breakpoint; /* gdb wants to hear that it was a breakpoint */
	struct gdb_reader reader;
	struct buffer last; /* the last packet, for a client that wants it again */
	struct buffer out;  /* for the client: the caller sends it, and takes it from here */
};

/* Begin, with the target stopped so. */
void gdb_session_init(struct gdb_session *session, const struct gdb_target *target,
		      const struct gdb_stop *stop);
void gdb_session_finish(struct gdb_session *session);

/* What the client sent. The session's state says what it came to. */
void gdb_session_feed(struct gdb_session *session, const void *bytes, size_t size);

/*
 * Send what there is for the client to that descriptor, and drop what it no longer takes: that it has gone is seen where
 * its bytes are read.
 */
void gdb_session_send(struct gdb_session *session, int fd);

/* The target, which ran, has stopped. */
void gdb_session_stopped(struct gdb_session *session, const struct gdb_stop *stop);

/* The target has ended, with this status. */
void gdb_session_ended(struct gdb_session *session, int status);

#endif /* GDB_SESSION_H */

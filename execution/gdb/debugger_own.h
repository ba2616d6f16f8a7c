/* SPDX-License-Identifier: MIT */
/* gdb and a run: between the files of this folder alone. */
#ifndef EXECUTION_GDB_DEBUGGER_OWN_H
#define EXECUTION_GDB_DEBUGGER_OWN_H

#include <pthread.h>
#include <stdatomic.h>
#include "execution/gdb/debugger.h"
#include "execution/gdb/points.h"
#include "gdb/listen.h"
#include "gdb/session.h"
#include "run/run.h"

/* As gdb numbers signals. */
#define SIGNAL_INT  2
#define SIGNAL_ILL  4
#define SIGNAL_TRAP 5
#define SIGNAL_ABRT 6
#define SIGNAL_FPE  8
#define SIGNAL_SEGV 11
#define SIGNAL_XCPU 24 /* for SIGALRM gdb does not stop */

/* What one CPU of a run is at. */
struct debugged_cpu {
	bool has_entered; /* it has been here since the run began */
	bool was_debug;	  /* its last exit was a debug exit */
	bool steps;	  /* KVM has it go by single steps */
	bool renew;	  /* KVM is to be told anew, whatever it was told */
	bool hands_back;  /* with the #DB that was the test's own */
	bool has_stop;	  /* it has come to a stop that gdb has not been told of: */
	bool is_step;	  /* by a step alone */
	struct gdb_stop stop;
	struct gdb_resume resume;
	unsigned int generation; /* of the points that KVM was told of */
};

struct gdb_debugger {
	struct debugger of_jobs;
	struct gdb_debugger_options options;
	bool has_breakpoints, has_watchpoints; /* this KVM's fire */
	char method[128];

	/* Of the run, under the lock that its CPUs have between exits, or with all of them stopped. */
	struct points points;
	struct debugged_cpu cpus[GDB_CPUS_MAX];
	bool has_stopper;   /* a CPU has stopped, and the others stay */
	bool told_failure;  /* gdb has been stopped for one */
	atomic_bool wanted; /* gdb wants it to stop */

	/* Between the run and the server. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct run *run; /* that there is, or NULL */
	bool is_stopped; /* and waits for gdb */
	bool is_over;	 /* likewise, and nothing more will run */
	bool is_alone;	 /* gdb has gone: stop for none until another comes */
	bool forgets;	 /* the points of one that went while it ran */
	bool has_killed, quits, ends;
	int status; /* if it ends */
	struct gdb_stop stop;
	char why[600]; /* what failed, or empty */

	/* The server's. */
	pthread_t thread;
	int wake; /* an eventfd: look */
	struct gdb_listener listener;
	int client, answers; /* where gdb's bytes come from, and go to; -1 for none */
	bool has_session;
	struct gdb_session session;
	struct gdb_target target;
	struct gdb_registers registers;
	char *auxv;
	size_t auxv_size;
};

/* Stop the run, whose CPUs are at rest, until gdb lets it go on. Returns false if it is to end. */
bool server_converse(struct gdb_debugger *debugger, struct run *run, const struct gdb_stop *stop,
		     bool is_over);

int server_start(struct gdb_debugger *debugger, struct error *error);
void server_stop(struct gdb_debugger *debugger);

/* What gdb can do with a stopped run; `context` is the debugger. */
extern const struct gdb_target_ops target_ops;

/* Under its lock: the run goes on. */
void target_let_go(struct gdb_debugger *debugger);

#endif /* EXECUTION_GDB_DEBUGGER_OWN_H */

/* SPDX-License-Identifier: MIT */
/*
 * gdb as the debugger of tests, one after another: where it connects to, and where they stop for it. Of the runner.
 * Depends on gdb/ and run/debugger.h.
 */
#ifndef EXECUTION_GDB_DEBUGGER_H
#define EXECUTION_GDB_DEBUGGER_H

#include <stdbool.h>
#include "base/error.h"
#include "run/debugger.h"

struct gdb_debugger;

struct gdb_debugger_options {
	const char *
		where; /* as gdb_listener_init() takes it, or "-": standard input and output; kept */
	bool at_start; /* stop before each test's first instruction, and where one fails; or there alone */
	const char *program; /* the file, as gdb is to be given it; kept */
};

/*
 * Listen for gdb. With "-" standard output is from here on where standard error goes to. Returns 0; -ENOTSUP, with a
 * message, on an architecture that has no gdb yet; another -errno likewise.
 */
int gdb_debugger_create(struct gdb_debugger **debugger, const struct gdb_debugger_options *options,
			struct error *error);

/* With no test running: tell gdb that the program ends, with this status. NULL is fine. */
void gdb_debugger_destroy(struct gdb_debugger *debugger, int status);

/* For a job, one at a time. */
const struct debugger *gdb_debugger_of_jobs(const struct gdb_debugger *debugger);

/* Whether gdb has ended the run ("kill"). */
bool gdb_debugger_has_killed(struct gdb_debugger *debugger);

/* The run is ending: stop for gdb no more, and go on where it has the test stopped. */
void gdb_debugger_quit(struct gdb_debugger *debugger);

#endif /* EXECUTION_GDB_DEBUGGER_H */

/* SPDX-License-Identifier: MIT */
/* What `ring0 boot` has open while it runs: files, devices, signals, input. Of run.c and what it calls. */
#ifndef COMMAND_BOOT_SESSION_H
#define COMMAND_BOOT_SESSION_H

#include "command/boot/boot.h"
#include "command/boot/debugger.h"

/* What lasts from one boot to the next of the same command. */
struct session {
	const struct boot_options *options;
	struct boot_file kernel, symbols;
	struct boot_file files[BOOT_MODULES_MAX];
	struct r0_boot_module modules[BOOT_MODULES_MAX];
	size_t module_count;
	struct boot_console console;
	struct r0_vm_options devices; /* of which only those of boot_devices are set */
	int signal_fd;
	int signal;	      /* that ended it, or 0 */
	bool has_input;	      /* standard input is not at its end */
	uint64_t deadline_ns; /* by clock_ns(), over all resets and sleep; UINT64_MAX for none */
	bool is_late;	      /* it was over */
	bool is_halted;	      /* every CPU was, for good */
	struct boot_debugger *debugger; /* with --gdb, or NULL */
	bool is_debugged_to_end;	/* gdb wanted it to end */
	bool is_saved;			/* it said what was waited for, and was saved, or not: */
	int save_status;
	const char *first; /* what is typed before that */
	size_t first_size;
	char typed[512]; /* read from it, and not taken yet */
	size_t typed_size;
};

/* Open all that the options name. Returns 0 or a status, having said why; session_finish() in any case. */
int session_prepare(struct session *session);
void session_finish(struct session *session);

/* What it is called in messages. */
static inline const char *session_name(const struct session *session)
{
	return session->options->kernel ? session->options->kernel : session->options->from;
}

#endif /* COMMAND_BOOT_SESSION_H */

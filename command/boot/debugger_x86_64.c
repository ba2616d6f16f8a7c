/* SPDX-License-Identifier: MIT */
/* What gdb connects to, and what its session leads to: see debugger.h. */
#include "command/boot/debugger.h"
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <ring0/x86/msr.h>
#include "command/boot/debug_target_x86_64.h"
#include "gdb/listen.h"
#include "monitor/debug/debug.h"
#include "monitor/debug/registers_x86_64.h"

struct boot_debugger {
	bool is_elf32;		      /* the kernel's symbols are 32-bit code's */
	struct gdb_listener listener; /* none with '-' */
	int client, answers;	      /* where gdb's bytes come from, and go to; -1 for none */
	struct gdb_session session;   /* while there is a client */
	struct boot_debug_target target;
};

/* gdb has its own symbols' idea of the code, and can't change it within a session. */
static bool is_64_bit(const struct boot_debugger *debugger)
{
	struct all_registers registers = { 0 };

	if (!debugger->is_elf32)
		return true;
	return monitor_registers_get(debugger->target.vm, 0, &registers, NULL) == 0 &&
	       registers.sregs.efer & R0_EFER_LMA;
}

static void close_client(struct boot_debugger *debugger)
{
	if (debugger->client < 0)
		return;
	gdb_session_finish(&debugger->session);
	gdb_registers_finish(&debugger->target.registers);
	/* With '-' they are standard input and output. */
	if (debugger->listener.fd >= 0)
		close(debugger->client);
	debugger->client = debugger->answers = -1;
}

/* Nobody debugs it any more: it goes on as if nobody had. */
static void let_go(struct boot_debugger *debugger)
{
	unsigned int i;

	close_client(debugger);
	if (!debugger->target.is_stopped && !boot_debug_target_stop(&debugger->target, SIGNAL_INT))
		return;
	monitor_debug_clear(debugger->target.vm);
	for (i = 0; i < debugger->target.gdb.cpus; i++)
		monitor_debug_resume(debugger->target.vm, i, MONITOR_RUN, 0, 0);
	boot_debug_target_go_on(&debugger->target);
}

static bool open_session(struct boot_debugger *debugger, int client, int answers)
{
	/* One that comes to a machine that runs stops it. */
	if (!debugger->target.is_stopped && !boot_debug_target_stop(&debugger->target, SIGNAL_INT))
		return false;
	if (gdb_registers_init(&debugger->target.registers, is_64_bit(debugger), false) != 0)
		return false;
	debugger->client = client;
	debugger->answers = answers;
	gdb_session_init(&debugger->session, &debugger->target.gdb, &debugger->target.stop);
	return true;
}

static void take_client(struct boot_debugger *debugger)
{
	int client = accept4(debugger->listener.fd, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0)
		return;
	if (debugger->client >= 0)
		boot_error(0, "another gdb wants to connect: there is one already");
	if (debugger->client >= 0 || !open_session(debugger, client, client))
		close(client);
}

/* False if it wants the machine to end. */
static bool read_client(struct boot_debugger *debugger)
{
	char bytes[4096];
	ssize_t n = read(debugger->client, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n > 0)
		gdb_session_feed(&debugger->session, bytes, (size_t)n);
	gdb_session_send(&debugger->session, debugger->answers);
	if (debugger->session.state == GDB_KILLED)
		return false;
	if (n <= 0 || debugger->session.state == GDB_DETACHED)
		let_go(debugger);
	return true;
}

enum { LISTENER, CLIENT, STOP };

void boot_debugger_fill(const struct boot_debugger *debugger, struct pollfd *fds)
{
	fds[LISTENER] = (struct pollfd){ .fd = debugger->listener.fd, .events = POLLIN };
	fds[CLIENT] = (struct pollfd){ .fd = debugger->client, .events = POLLIN };
	fds[STOP] = (struct pollfd){ .fd = debugger->target.is_stopped ?
						   -1 :
						   monitor_debug_fd(debugger->target.vm),
				     .events = POLLIN };
}

bool boot_debugger_attend(struct boot_debugger *debugger, const struct pollfd *fds)
{
	bool goes_on = true;

	if (fds[STOP].revents && !debugger->target.is_stopped &&
	    boot_debug_target_stop(&debugger->target, SIGNAL_TRAP)) {
		if (debugger->client < 0) {
			let_go(debugger);
		} else {
			gdb_session_stopped(&debugger->session, &debugger->target.stop);
			gdb_session_send(&debugger->session, debugger->answers);
		}
	}
	if (fds[CLIENT].revents && debugger->client >= 0)
		goes_on = read_client(debugger);
	if (fds[LISTENER].revents)
		take_client(debugger);
	return goes_on;
}

/* With '-' gdb is there from the beginning. */
static bool connect_pipe(struct boot_debugger *debugger)
{
	return debugger->listener.fd >= 0 || debugger->client >= 0 ||
	       open_session(debugger, STDIN_FILENO, STDOUT_FILENO);
}

int boot_debugger_hold_start(struct boot_debugger *debugger)
{
	if (!boot_debug_target_stop(&debugger->target, SIGNAL_TRAP) || !connect_pipe(debugger))
		return BOOT_INTERNAL;
	if (debugger->client < 0)
		return 0;
	/* It runs anew, after a reset. */
	gdb_session_stopped(&debugger->session, &debugger->target.stop);
	gdb_session_send(&debugger->session, debugger->answers);
	return 0;
}

bool boot_debugger_is_stopped(const struct boot_debugger *debugger)
{
	return debugger->target.is_stopped;
}

uint64_t boot_debugger_take_stopped_ns(struct boot_debugger *debugger)
{
	uint64_t stopped_ns = debugger->target.stopped_ns;

	debugger->target.stopped_ns = 0;
	return stopped_ns;
}

void boot_debugger_tell_end(struct boot_debugger *debugger, int status)
{
	if (debugger->client < 0)
		return;
	gdb_session_ended(&debugger->session, status);
	gdb_session_send(&debugger->session, debugger->answers);
}

static bool is_elf32(const struct boot_file *image)
{
	const unsigned char *ident = image->data;

	return image->size >= EI_NIDENT && !memcmp(ident, ELFMAG, SELFMAG) &&
	       ident[EI_CLASS] == ELFCLASS32;
}

int boot_debugger_create(struct boot_debugger **debugger, const struct boot_options *options,
			 const struct boot_file *image, const char *path, struct r0_vm *vm)
{
	struct boot_debugger *made = calloc(1, sizeof(*made));
	const bool is_piped = !strcmp(options->gdb, "-");
	struct error error = { "" };
	char where[128];

	if (!made)
		return boot_error(BOOT_INTERNAL, "no memory for a debugger");
	*made = (struct boot_debugger){
		.is_elf32 = is_elf32(image),
		.listener.fd = -1,
		.client = -1,
		.answers = -1,
	};
	boot_debug_target_init(&made->target, vm, options->cpus, &made->session);
	if (monitor_debug_begin(vm, false, &error) != 0) {
		free(made);
		return boot_error(BOOT_INTERNAL, "--gdb: %s", error.text);
	}
	*debugger = made;
	if (is_piped)
		return 0;
	if (gdb_listener_init(&made->listener, options->gdb, &error) != 0)
		return boot_error(BOOT_USAGE, "%s", error.text);
	gdb_listener_name(&made->listener, where, sizeof(where));
	boot_error(0, "it waits for gdb: gdb %s -ex 'target remote %s'", path, where);
	return 0;
}

void boot_debugger_destroy(struct boot_debugger *debugger)
{
	if (!debugger)
		return;
	close_client(debugger);
	gdb_listener_finish(&debugger->listener);
	monitor_debug_end(debugger->target.vm);
	free(debugger);
}

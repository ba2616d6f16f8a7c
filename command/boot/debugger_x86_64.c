/* SPDX-License-Identifier: MIT */
/* A machine as gdb's target, and the socket that gdb connects to: see debugger.h. */
#include "command/boot/debugger.h"
#include <elf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <ring0/x86/msr.h>
#include "base/clock.h"
#include "command/gdb/registers_x86_64.h"
#include "command/gdb/session.h"
#include "command/values.h"
#include "monitor/debug/debug.h"
#include "monitor/debug/registers_x86_64.h"

/* As gdb numbers signals. */
#define SIGNAL_INT  2
#define SIGNAL_TRAP 5

#define PAGE_SIZE 4096

struct boot_debugger {
	struct r0_vm *vm;
	const char *path; /* of a socket in the file system, or NULL */
	bool is_elf32;	  /* the kernel's symbols are 32-bit code's */
	bool is_stopped;
	uint64_t since_ns, stopped_ns; /* while it is, and before */
	struct gdb_stop stop;	       /* the last one */
	int listener;		       /* or -1 */
	int client, answers;	       /* where gdb's bytes come from, and go to; -1 for none */
	struct gdb_registers registers;
	struct gdb_target target;
	struct gdb_session session; /* while there is a client */
};

/* ---- the machine ---- */

static int read_registers(void *context, unsigned int cpu, uint8_t *packed)
{
	const struct boot_debugger *debugger = context;
	struct monitor_registers registers = { 0 };
	int err = monitor_registers_get(debugger->vm, cpu, &registers, NULL);

	if (!err)
		gdb_registers_pack(&debugger->registers, &registers, packed);
	return err;
}

static int write_registers(void *context, unsigned int cpu, const uint8_t *packed)
{
	const struct boot_debugger *debugger = context;
	struct monitor_registers registers = { 0 };
	int err = monitor_registers_get(debugger->vm, cpu, &registers, NULL);

	if (err)
		return err;
	gdb_registers_unpack(&debugger->registers, packed, &registers);
	return monitor_registers_set(debugger->vm, cpu, &registers, NULL);
}

/* The part of [address, address + size) that is in one page. */
static size_t in_page(uint64_t address, size_t size)
{
	const size_t room = PAGE_SIZE - (address & (PAGE_SIZE - 1));

	return size < room ? size : room;
}

static int read_memory(void *context, unsigned int cpu, uint64_t address, void *data, size_t size)
{
	const struct boot_debugger *debugger = context;
	uint8_t *to = data;
	size_t part;

	for (; size; size -= part, address += part, to += part) {
		uint64_t physical;

		part = in_page(address, size);
		if (r0_vm_translate(debugger->vm, cpu, address, &physical, NULL) != 0 ||
		    r0_vm_read(debugger->vm, physical, to, part, NULL) != 0)
			return -EFAULT;
		monitor_debug_hide(debugger->vm, physical, to, part);
	}
	return 0;
}

/* All of it or none: first a look at whether it is there. */
static int write_memory(void *context, unsigned int cpu, uint64_t address, const void *data,
			size_t size)
{
	const struct boot_debugger *debugger = context;
	uint8_t before[GDB_PACKET_MAX];
	const uint8_t *from = data;
	size_t part;

	if (size > sizeof(before) || read_memory(context, cpu, address, before, size) != 0)
		return -EFAULT;
	for (; size; size -= part, address += part, from += part) {
		uint64_t physical;

		part = in_page(address, size);
		if (r0_vm_translate(debugger->vm, cpu, address, &physical, NULL) != 0 ||
		    r0_vm_write(debugger->vm, physical, from, part, NULL) != 0)
			return -EFAULT;
	}
	return 0;
}

static enum monitor_point point_of(enum gdb_point kind)
{
	switch (kind) {
	case GDB_BREAKPOINT:
		return MONITOR_POINT_CODE;
	case GDB_HARDWARE_BREAKPOINT:
		return MONITOR_POINT_HARDWARE;
	case GDB_WRITE_WATCHPOINT:
		break;
	}
	return MONITOR_POINT_WRITE;
}

static int insert(void *context, unsigned int cpu, enum gdb_point kind, uint64_t address,
		  size_t size)
{
	const struct boot_debugger *debugger = context;
	struct error error = { "" };
	int err = monitor_debug_insert(debugger->vm, cpu, point_of(kind), address,
				       (unsigned int)size, &error);

	/* gdb says no more than that it couldn't. */
	if (err)
		boot_error(0, "%s", error.text);
	return err;
}

static int remove_point(void *context, unsigned int cpu, enum gdb_point kind, uint64_t address,
			size_t size)
{
	const struct boot_debugger *debugger = context;

	(void)cpu;
	return monitor_debug_remove(debugger->vm, point_of(kind), address, (unsigned int)size,
				    NULL);
}

static struct gdb_stop stop_of(const struct monitor_stop *stop)
{
	struct gdb_stop gdb = {
		.kind = GDB_STOP_SIGNAL,
		.cpu = stop->cpu,
		.signal = SIGNAL_TRAP,
		.address = stop->address,
	};

	if (stop->kind != MONITOR_STOP_POINT)
		return gdb;
	switch (stop->point) {
	case MONITOR_POINT_CODE:
		gdb.kind = GDB_STOP_BREAKPOINT;
		break;
	case MONITOR_POINT_HARDWARE:
		gdb.kind = GDB_STOP_HARDWARE_BREAKPOINT;
		break;
	case MONITOR_POINT_WRITE:
		gdb.kind = GDB_STOP_WATCHPOINT;
		break;
	}
	return gdb;
}

static void note_stop(struct boot_debugger *debugger)
{
	debugger->is_stopped = true;
	debugger->since_ns = clock_ns();
}

/*
 * Bring the machine to rest: what a CPU stopped for, or `signal`, is why. False if it has ended, or does not
 * come to rest.
 */
static bool stop(struct boot_debugger *debugger, int signal)
{
	struct monitor_stop found;
	struct r0_error error = { "" };
	int err = r0_vm_freeze(debugger->vm, &error);

	if (err) {
		if (err != -ESHUTDOWN)
			boot_error(0, "%s", error.text);
		return false;
	}
	note_stop(debugger);
	debugger->stop = (struct gdb_stop){ .signal = signal };
	if (monitor_debug_take(debugger->vm, &found))
		debugger->stop = stop_of(&found);
	return true;
}

static void go_on(struct boot_debugger *debugger)
{
	if (!debugger->is_stopped)
		return;
	debugger->is_stopped = false;
	debugger->stopped_ns += clock_ns() - debugger->since_ns;
	r0_vm_hold(debugger->vm, false);
	r0_vm_thaw(debugger->vm, NULL);
}

static int resume(void *context, const struct gdb_resume *resume)
{
	static const enum monitor_action actions[] = {
		[GDB_STAY] = MONITOR_STAY,
		[GDB_RUN] = MONITOR_RUN,
		[GDB_STEP] = MONITOR_STEP,
	};
	struct boot_debugger *debugger = context;
	struct monitor_stop other;
	unsigned int i;

	for (i = 0; i < debugger->target.cpus; i++)
		monitor_debug_resume(debugger->vm, i, actions[resume[i].action], resume[i].start,
				     resume[i].end);
	/* Another CPU that had stopped at the same time. */
	if (monitor_debug_take(debugger->vm, &other)) {
		debugger->stop = stop_of(&other);
		gdb_session_stopped(&debugger->session, &debugger->stop);
		return 0;
	}
	go_on(debugger);
	return 0;
}

static void interrupt(void *context)
{
	struct boot_debugger *debugger = context;

	if (stop(debugger, SIGNAL_INT))
		gdb_session_stopped(&debugger->session, &debugger->stop);
}

static void translate(struct boot_debugger *debugger, unsigned int cpu, const char *text,
		      struct buffer *answer)
{
	struct r0_error error = { "" };
	uint64_t address, physical;
	char *end;

	address = strtoull(text, &end, 0);
	if (end == text || *end)
		buffer_print(answer, "translate ADDRESS: %s is none\n", text);
	else if (r0_vm_translate(debugger->vm, cpu, address, &physical, &error) != 0)
		buffer_print(answer, "%s\n", error.text);
	else
		buffer_print(answer, "%#llx is physical %#llx\n", (unsigned long long)address,
			     (unsigned long long)physical);
}

static void list_unmapped(struct boot_debugger *debugger, struct buffer *answer)
{
	struct r0_vm_access accesses[16];
	size_t count, i;
	uint64_t all = r0_vm_unmapped(debugger->vm, accesses, 16, &count);

	buffer_print(answer, "%llu accesses that no device took%s\n", (unsigned long long)all,
		     all > count ? "; the last ones:" : "");
	for (i = 0; i < count; i++)
		buffer_print(answer, "%s of %u bytes %s %s %#llx: %#llx\n",
			     accesses[i].write ? "write" : "read", accesses[i].width,
			     accesses[i].write ? "to" : "from",
			     accesses[i].port ? "port" : "address",
			     (unsigned long long)accesses[i].address,
			     (unsigned long long)accesses[i].value);
}

static int command(void *context, unsigned int cpu, const char *text, struct buffer *answer)
{
	struct boot_debugger *debugger = context;

	if (!strncmp(text, "translate ", 10))
		translate(debugger, cpu, text + 10, answer);
	else if (!strcmp(text, "unmapped"))
		list_unmapped(debugger, answer);
	else if (!strcmp(text, "method"))
		buffer_print(answer, "%s\n", monitor_debug_method(debugger->vm));
	else
		buffer_print(answer,
			     "monitor translate ADDRESS   the physical address of a virtual one\n"
			     "monitor unmapped            accesses that no device took\n"
			     "monitor method              how breakpoints are met on this KVM\n");
	return 0;
}

static const struct gdb_target_ops ops = {
	.read_registers = read_registers,
	.write_registers = write_registers,
	.read_memory = read_memory,
	.write_memory = write_memory,
	.insert = insert,
	.remove = remove_point,
	.resume = resume,
	.interrupt = interrupt,
	.command = command,
};

/* ---- the client ---- */

/* gdb has its own symbols' idea of the code, and can't change it within a session. */
static bool is_64_bit(const struct boot_debugger *debugger)
{
	struct monitor_registers registers = { 0 };

	if (!debugger->is_elf32)
		return true;
	return monitor_registers_get(debugger->vm, 0, &registers, NULL) == 0 &&
	       registers.sregs.efer & R0_EFER_LMA;
}

static void close_client(struct boot_debugger *debugger)
{
	if (debugger->client < 0)
		return;
	gdb_session_finish(&debugger->session);
	gdb_registers_finish(&debugger->registers);
	/* With '-' they are standard input and output. */
	if (debugger->listener >= 0)
		close(debugger->client);
	debugger->client = debugger->answers = -1;
}

/* Nobody debugs it any more: it goes on as if nobody had. */
static void let_go(struct boot_debugger *debugger)
{
	unsigned int i;

	close_client(debugger);
	if (!debugger->is_stopped && !stop(debugger, SIGNAL_INT))
		return;
	monitor_debug_clear(debugger->vm);
	for (i = 0; i < debugger->target.cpus; i++)
		monitor_debug_resume(debugger->vm, i, MONITOR_RUN, 0, 0);
	go_on(debugger);
}

static void send_answers(struct boot_debugger *debugger)
{
	struct buffer *out = &debugger->session.out;
	size_t sent = 0;

	while (sent < out->length) {
		ssize_t n = write(debugger->answers, out->text + sent, out->length - sent);

		if (n < 0 && errno == EINTR)
			continue;
		/* Its end is seen where it is read from. */
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	free(buffer_take(out));
}

static bool open_session(struct boot_debugger *debugger, int client, int answers)
{
	/* One that comes to a machine that runs stops it. */
	if (!debugger->is_stopped && !stop(debugger, SIGNAL_INT))
		return false;
	if (gdb_registers_init(&debugger->registers, is_64_bit(debugger)) != 0)
		return false;
	debugger->client = client;
	debugger->answers = answers;
	gdb_session_init(&debugger->session, &debugger->target, &debugger->stop);
	return true;
}

static void take_client(struct boot_debugger *debugger)
{
	int client = accept4(debugger->listener, NULL, NULL, SOCK_CLOEXEC);

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
	send_answers(debugger);
	if (debugger->session.state == GDB_KILLED)
		return false;
	if (n <= 0 || debugger->session.state == GDB_DETACHED)
		let_go(debugger);
	return true;
}

/* ---- for run.c ---- */

enum { LISTENER, CLIENT, STOP };

void boot_debugger_fill(const struct boot_debugger *debugger, struct pollfd *fds)
{
	fds[LISTENER] = (struct pollfd){ .fd = debugger->listener, .events = POLLIN };
	fds[CLIENT] = (struct pollfd){ .fd = debugger->client, .events = POLLIN };
	fds[STOP] =
		(struct pollfd){ .fd = debugger->is_stopped ? -1 : monitor_debug_fd(debugger->vm),
				 .events = POLLIN };
}

bool boot_debugger_attend(struct boot_debugger *debugger, const struct pollfd *fds)
{
	bool goes_on = true;

	if (fds[STOP].revents && !debugger->is_stopped && stop(debugger, SIGNAL_TRAP)) {
		if (debugger->client < 0) {
			let_go(debugger);
		} else {
			gdb_session_stopped(&debugger->session, &debugger->stop);
			send_answers(debugger);
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
	return debugger->listener >= 0 || debugger->client >= 0 ||
	       open_session(debugger, STDIN_FILENO, STDOUT_FILENO);
}

int boot_debugger_hold_start(struct boot_debugger *debugger)
{
	if (!stop(debugger, SIGNAL_TRAP) || !connect_pipe(debugger))
		return BOOT_INTERNAL;
	if (debugger->client < 0)
		return 0;
	/* It runs anew, after a reset. */
	gdb_session_stopped(&debugger->session, &debugger->stop);
	send_answers(debugger);
	return 0;
}

bool boot_debugger_is_stopped(const struct boot_debugger *debugger)
{
	return debugger->is_stopped;
}

uint64_t boot_debugger_take_stopped_ns(struct boot_debugger *debugger)
{
	uint64_t stopped_ns = debugger->stopped_ns;

	debugger->stopped_ns = 0;
	return stopped_ns;
}

void boot_debugger_tell_end(struct boot_debugger *debugger, int status)
{
	if (debugger->client < 0)
		return;
	gdb_session_ended(&debugger->session, status);
	send_answers(debugger);
}

/* A number is a port of this machine alone; '-' is standard input and output; all else is a path. */
static int listen_at(struct boot_debugger *debugger, const char *where, unsigned int *port)
{
	struct sockaddr_in inet = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un unix_socket = { .sun_family = AF_UNIX };
	struct sockaddr *address = (struct sockaddr *)&inet;
	socklen_t size = sizeof(inet);
	const int on = 1;
	int fd;

	*port = 0;
	if (*where && !values_number(where, 1, 65535, port)) {
		size_t length = strlen(where);

		if (length >= sizeof(unix_socket.sun_path))
			return boot_error(BOOT_USAGE,
					  "--gdb=%s: a socket's path has %zu bytes at most", where,
					  sizeof(unix_socket.sun_path) - 1);
		memcpy(unix_socket.sun_path, where, length + 1);
		address = (struct sockaddr *)&unix_socket;
		size = sizeof(unix_socket);
	}
	inet.sin_port = htons((uint16_t)*port);
	fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return boot_error(BOOT_INTERNAL, "--gdb: socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address, size) != 0 || listen(fd, 1) != 0) {
		close(fd);
		return boot_error(BOOT_USAGE, "--gdb%s%s: %s", *where ? "=" : "", where,
				  strerror(errno));
	}
	debugger->listener = fd;
	if (address != (struct sockaddr *)&inet)
		debugger->path = where;
	else if (getsockname(fd, address, &size) == 0)
		*port = ntohs(inet.sin_port);
	return 0;
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
	unsigned int port;
	int status;

	if (!made)
		return boot_error(BOOT_INTERNAL, "no memory for a debugger");
	*made = (struct boot_debugger){
		.vm = vm,
		.is_elf32 = is_elf32(image),
		.listener = -1,
		.client = -1,
		.answers = -1,
		.target = { .ops = &ops, .context = made, .cpus = options->cpus },
	};
	made->target.registers = &made->registers;
	if (monitor_debug_begin(vm, false, &error) != 0) {
		free(made);
		return boot_error(BOOT_INTERNAL, "--gdb: %s", error.text);
	}
	*debugger = made;
	if (is_piped)
		return 0;
	status = listen_at(made, options->gdb, &port);
	if (status)
		return status;
	if (made->path)
		boot_error(0, "it waits for gdb: gdb %s -ex 'target remote %s'", path, made->path);
	else
		boot_error(0, "it waits for gdb: gdb %s -ex 'target remote localhost:%u'", path,
			   port);
	return 0;
}

void boot_debugger_destroy(struct boot_debugger *debugger)
{
	if (!debugger)
		return;
	close_client(debugger);
	if (debugger->listener >= 0)
		close(debugger->listener);
	if (debugger->path)
		unlink(debugger->path);
	monitor_debug_end(debugger->vm);
	free(debugger);
}

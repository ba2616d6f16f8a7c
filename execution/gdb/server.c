/* SPDX-License-Identifier: MIT */
/* Where gdb's bytes come and go: a thread that waits for them, and for tests that stop. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "execution/gdb/debugger_own.h"

static void say(const char *text)
{
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
}

/* ---- of the run's thread ---- */

bool server_converse(struct gdb_debugger *debugger, struct run *run, const struct gdb_stop *stop,
		     bool is_over)
{
	bool goes_on;

	pthread_mutex_lock(&debugger->lock);
	if (debugger->is_alone || debugger->quits || debugger->has_killed) {
		goes_on = !debugger->has_killed;
		pthread_mutex_unlock(&debugger->lock);
		return goes_on;
	}
	deadline_hold(run->deadline, clock_ns());
	debugger->stop = *stop;
	debugger->is_over = is_over;
	debugger->is_stopped = true;
	eventfd_write(debugger->wake, 1);
	/* Until the server lets it go: it may be looking at the run, which is not to go away meanwhile. */
	while (debugger->is_stopped)
		pthread_cond_wait(&debugger->changed, &debugger->lock);
	debugger->is_over = false;
	goes_on = !debugger->has_killed;
	deadline_release(run->deadline, clock_ns());
	pthread_mutex_unlock(&debugger->lock);
	return goes_on;
}

/* ---- of the server's ---- */

static void close_client(struct gdb_debugger *debugger)
{
	if (debugger->client < 0)
		return;
	if (debugger->has_session)
		gdb_session_finish(&debugger->session);
	debugger->has_session = false;
	close(debugger->client);
	if (debugger->answers != debugger->client)
		close(debugger->answers);
	debugger->client = debugger->answers = -1;
}

/* It has gone, or wants the run to go on without it, or to end. */
static void part(struct gdb_debugger *debugger, bool kills)
{
	unsigned int i;

	close_client(debugger);
	pthread_mutex_lock(&debugger->lock);
	debugger->is_alone = true;
	debugger->has_killed |= kills;
	/* While it runs they are its CPUs' own: they are told at the next exit. */
	if (debugger->is_stopped) {
		points_clear(&debugger->points, false);
		for (i = 0; i < GDB_CPUS_MAX; i++)
			debugger->cpus[i].resume = (struct gdb_resume){ .action = GDB_RUN };
		target_let_go(debugger);
	} else {
		debugger->forgets = true;
		atomic_store(&debugger->wanted, true);
		if (debugger->run)
			atomic_store(&debugger->run->deadline->kick_at, 1);
	}
	pthread_mutex_unlock(&debugger->lock);
}

static void begin_session(struct gdb_debugger *debugger)
{
	gdb_session_init(&debugger->session, &debugger->target, &debugger->stop);
	debugger->has_session = true;
}

static void say_where(struct gdb_debugger *debugger)
{
	char where[128], text[1024];

	gdb_listener_name(&debugger->listener, where, sizeof(where));
	if (debugger->why[0])
		say(debugger->why);
	snprintf(text, sizeof(text), "it waits for gdb: gdb %s -ex 'target remote %s'",
		 debugger->options.program, where);
	say(text);
}

/* The run has stopped, and waits; or it is ending, and gdb has to go. */
static void take_stop(struct gdb_debugger *debugger)
{
	eventfd_t count;
	bool is_stopped, quits;

	eventfd_read(debugger->wake, &count);
	pthread_mutex_lock(&debugger->lock);
	is_stopped = debugger->is_stopped;
	quits = debugger->quits;
	pthread_mutex_unlock(&debugger->lock);
	if (quits)
		part(debugger, false);
	if (!is_stopped || quits)
		return;
	if (debugger->client < 0) {
		say_where(debugger);
	} else if (debugger->has_session) {
		gdb_session_stopped(&debugger->session, &debugger->stop);
		gdb_session_send(&debugger->session, debugger->answers);
	} else {
		begin_session(debugger);
	}
}

/* One that comes to a test that runs stops it. */
static void take_client(struct gdb_debugger *debugger)
{
	int client = accept4(debugger->listener.fd, NULL, NULL, SOCK_CLOEXEC);
	bool is_stopped;

	if (client < 0)
		return;
	if (debugger->client >= 0) {
		say("another gdb wants to connect: there is one already");
		close(client);
		return;
	}
	debugger->client = debugger->answers = client;
	pthread_mutex_lock(&debugger->lock);
	debugger->is_alone = false;
	is_stopped = debugger->is_stopped;
	pthread_mutex_unlock(&debugger->lock);
	if (is_stopped)
		begin_session(debugger);
	else
		target_ops.interrupt(debugger);
}

static void read_client(struct gdb_debugger *debugger)
{
	char bytes[4096];
	ssize_t n = read(debugger->client, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		gdb_session_feed(&debugger->session, bytes, (size_t)n);
	gdb_session_send(&debugger->session, debugger->answers);
	if (n <= 0 || debugger->session.state == GDB_DETACHED ||
	    debugger->session.state == GDB_KILLED)
		part(debugger, debugger->session.state == GDB_KILLED);
}

static bool has_ended(struct gdb_debugger *debugger)
{
	bool ends;

	pthread_mutex_lock(&debugger->lock);
	ends = debugger->ends;
	pthread_mutex_unlock(&debugger->lock);
	return ends;
}

static void *serve(void *context)
{
	enum { WAKE, CLIENT, LISTENER };
	struct gdb_debugger *debugger = context;

	while (!has_ended(debugger)) {
		struct pollfd fds[] = {
			[WAKE] = { .fd = debugger->wake, .events = POLLIN },
			/* One without a session has to wait for the test to stop. */
			[CLIENT] = { .fd = debugger->has_session ? debugger->client : -1,
				     .events = POLLIN },
			[LISTENER] = { .fd = debugger->listener.fd, .events = POLLIN },
		};

		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[WAKE].revents)
			take_stop(debugger);
		if (fds[CLIENT].revents && debugger->has_session)
			read_client(debugger);
		if (fds[LISTENER].revents)
			take_client(debugger);
	}
	if (debugger->has_session) {
		gdb_session_ended(&debugger->session, debugger->status);
		gdb_session_send(&debugger->session, debugger->answers);
	}
	close_client(debugger);
	return NULL;
}

/* ---- begin and end ---- */

/* Standard input and output are gdb's, and the program has others in their place. */
static int take_standard(struct gdb_debugger *debugger, struct error *error)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	debugger->client = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	debugger->answers = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (null < 0 || debugger->client < 0 || debugger->answers < 0 ||
	    dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return error_set(error, errno, "--gdb=-: %s", strerror(errno));
	close(null);
	return 0;
}

/* By which gdb finds out where the program and its libraries are. */
static void read_auxv(struct gdb_debugger *debugger)
{
	char bytes[1024];
	int fd = open("/proc/self/auxv", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	debugger->auxv = n > 0 ? malloc((size_t)n) : NULL;
	if (!debugger->auxv)
		return;
	memcpy(debugger->auxv, bytes, (size_t)n);
	debugger->auxv_size = (size_t)n;
	debugger->target.auxv = debugger->auxv;
	debugger->target.auxv_size = debugger->auxv_size;
}

int server_start(struct gdb_debugger *debugger, struct error *error)
{
	int err = 0;

	debugger->client = debugger->answers = -1;
	debugger->listener.fd = -1;
	debugger->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (debugger->wake < 0)
		return error_set(error, errno, "--gdb: eventfd: %s", strerror(errno));
	if (!strcmp(debugger->options.where, "-"))
		err = take_standard(debugger, error);
	else
		err = gdb_listener_init(&debugger->listener, debugger->options.where, error);
	if (err)
		goto out;
	read_auxv(debugger);
	err = pthread_create(&debugger->thread, NULL, serve, debugger);
	if (!err)
		return 0;
	err = error_set(error, err, "--gdb: starting a thread failed: %s", strerror(err));
	free(debugger->auxv);
out:
	close_client(debugger);
	gdb_listener_finish(&debugger->listener);
	close(debugger->wake);
	return err;
}

void server_stop(struct gdb_debugger *debugger)
{
	eventfd_write(debugger->wake, 1);
	pthread_join(debugger->thread, NULL);
	gdb_listener_finish(&debugger->listener);
	free(debugger->auxv);
	close(debugger->wake);
}

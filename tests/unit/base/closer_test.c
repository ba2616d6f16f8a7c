/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of base/closer.c. What takes long to close is a TCP socket that lingers over what nobody reads
 * (socket(7), SO_LINGER): until its peer has read it all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/closer.h"

/* In seconds: longer than anything here takes, on whatever host. */
#define LINGER 100

struct connection {
	int lingers, peer;
};

static void fill(int fd)
{
	static const char bytes[0x10000];

	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

static struct connection connect_them(void)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = LINGER };
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct connection c;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	c.lingers = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(c.lingers, (struct sockaddr *)&address, size), 0);
	c.peer = accept(listener, NULL, NULL);
	assert_true(c.peer >= 0);
	assert_int_equal(setsockopt(c.lingers, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	close(listener);
	fill(c.lingers);
	return c;
}

/* Have it be closed to the end. */
static void read_all(int peer)
{
	static char bytes[0x10000];

	while (recv(peer, bytes, sizeof(bytes), 0) > 0)
		;
	close(peer);
}

/* Closers are children of this process once they are nobody else's. */
static size_t children(pid_t *list, size_t room)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(processes);
	while ((entry = readdir(processes))) {
		char path[300];
		int parent = -1;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file = atoi(entry->d_name) > 0 ? fopen(path, "r") : NULL;
		if (!file)
			continue;
		if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) == 1 && parent == getpid() &&
		    count < room)
			list[count++] = atoi(entry->d_name);
		fclose(file);
	}
	closedir(processes);
	return count;
}

static pid_t only_child(void)
{
	pid_t list[2];

	assert_int_equal(children(list, 2), 1);
	return list[0];
}

static void expect_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

/* Its end, as of any orphan, is its new parent's to take. */
static void expect_end(pid_t closer)
{
	int status;

	assert_int_equal(waitpid(closer, &status, __WALL), closer);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static unsigned int open_descriptors(const char *of)
{
	DIR *directory = opendir(of);
	unsigned int count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* Like fork(), but then the child alone has the end that lingers, and the parent the other. */
static pid_t fork_with(const struct connection *c)
{
	int gate[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(gate), 0);
	child = fork();
	assert_true(child >= 0);
	close(gate[child ? 0 : 1]);
	if (child) {
		close(c->lingers);
		close(gate[1]);
		return child;
	}
	close(c->peer);
	if (read(gate[0], &byte, 1) != 0)
		_exit(99);
	close(gate[0]);
	return 0;
}

static void test_goes_on_beside(void **state)
{
	const unsigned int before = open_descriptors("/proc/self/fd");
	struct connection c = connect_them();
	pid_t closer;

	(void)state;
	closer_close(c.lingers);
	closer = only_child();
	assert_int_equal(waitpid(closer, NULL, WNOHANG | __WALL), 0);
	read_all(c.peer);
	expect_end(closer);
	assert_int_equal(open_descriptors("/proc/self/fd"), before);
}

/* A reader of what the process has written sees the end of it when the process has ended. */
static void test_end_is_not_waited_for(void **state)
{
	struct connection c = connect_them();
	int output[2], status;
	pid_t program, closer;
	char byte;

	(void)state;
	assert_int_equal(pipe(output), 0);
	program = fork_with(&c);
	if (!program) {
		closer_close(c.lingers);
		_exit(7);
	}
	close(output[1]);
	assert_int_equal(waitpid(program, &status, 0), program);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	assert_int_equal(read(output[0], &byte, 1), 0);
	close(output[0]);
	closer = only_child();
	assert_int_equal(waitpid(closer, NULL, WNOHANG | __WALL), 0);
	read_all(c.peer);
	expect_end(closer);
}

/* A process that is killed leaves the closer to its work, and one that kills it loses nothing but time. */
static void test_killed_meanwhile(void **state)
{
	struct connection c = connect_them();
	int status, ready[2];
	pid_t program, closer;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	program = fork_with(&c);
	if (!program) {
		closer_close(c.lingers);
		assert_int_equal(write(ready[1], "", 1), 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(kill(program, SIGKILL), 0);
	assert_int_equal(waitpid(program, &status, 0), program);
	assert_true(WIFSIGNALED(status));
	closer = only_child();
	assert_int_equal(waitpid(closer, NULL, WNOHANG | __WALL), 0);
	read_all(c.peer);
	expect_end(closer);
}

static void close_as_many_as_there_are(struct connection *connections)
{
	unsigned int i;

	for (i = 0; i < CLOSER_LIMIT; i++) {
		connections[i] = connect_them();
		closer_close(connections[i].lingers);
	}
}

static void end_them(struct connection *connections)
{
	pid_t list[CLOSER_LIMIT + 1];
	size_t count = children(list, CLOSER_LIMIT + 1), i;

	assert_int_equal(count, CLOSER_LIMIT);
	for (i = 0; i < CLOSER_LIMIT; i++)
		read_all(connections[i].peer);
	for (i = 0; i < CLOSER_LIMIT; i++)
		expect_end(list[i]);
	expect_no_child();
}

/* One more is closed by the caller. */
static void test_bounded(void **state)
{
	struct connection connections[CLOSER_LIMIT];
	int ends[2];
	char byte;

	(void)state;
	close_as_many_as_there_are(connections);
	assert_int_equal(pipe(ends), 0);
	closer_close(ends[1]);
	assert_int_equal(fcntl(ends[1], F_GETFD), -1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	end_them(connections);
}

/* Places are free again when their closers have ended, also by being killed. */
static void test_places_are_used_again(void **state)
{
	struct connection connections[CLOSER_LIMIT];
	pid_t list[CLOSER_LIMIT];
	unsigned int i;

	(void)state;
	close_as_many_as_there_are(connections);
	assert_int_equal(children(list, CLOSER_LIMIT), CLOSER_LIMIT);
	for (i = 0; i < CLOSER_LIMIT; i++) {
		assert_int_equal(kill(list[i], SIGKILL), 0);
		assert_int_equal(waitpid(list[i], NULL, __WALL), list[i]);
		read_all(connections[i].peer);
	}
	close_as_many_as_there_are(connections);
	end_them(connections);
	for (i = 0; i < 1000; i++) {
		int ends[2];
		char byte;

		assert_int_equal(pipe(ends), 0);
		closer_close(ends[1]);
		assert_int_equal(read(ends[0], &byte, 1), 0);
		close(ends[0]);
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
	}
	while (waitpid(-1, NULL, __WALL) > 0)
		;
}

/* The closers are the parent's: a child has places of its own. */
static void test_in_a_child(void **state)
{
	struct connection connections[CLOSER_LIMIT], another = connect_them();
	pid_t program;
	int status;

	(void)state;
	close_as_many_as_there_are(connections);
	program = fork_with(&another);
	if (!program) {
		closer_close(another.lingers);
		_exit(0);
	}
	assert_int_equal(waitpid(program, &status, 0), program);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	read_all(another.peer);
	assert_true(wait(&status) > 0);
	end_them(connections);
}

/* Where there can be no other process, the caller closes. */
static void test_without_processes(void **state)
{
	pid_t program = fork();
	int status;

	(void)state;
	if (!program) {
		const struct rlimit none = { 0, 0 };
		int ends[2];
		char byte;

		/* Who may do anything is not held to it. */
		if (setrlimit(RLIMIT_NPROC, &none) != 0 || (!getuid() && setuid(65534) != 0) ||
		    pipe(ends) != 0)
			_exit(1);
		closer_close(ends[1]);
		_exit(fcntl(ends[1], F_GETFD) == -1 && read(ends[0], &byte, 1) == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(program, &status, 0), program);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	expect_no_child();
}

static void note(int number)
{
	(void)number;
}

/* Handlers and masks of the caller's are as they were, and no SIGCHLD comes of it. */
static void test_signals(void **state)
{
	const struct sigaction action = { .sa_handler = note };
	struct sigaction before;
	struct connection c = connect_them();
	sigset_t chld, mask, pending;
	pid_t closer;

	(void)state;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &mask);
	sigaction(SIGCHLD, &action, &before);
	closer_close(c.lingers);
	sigpending(&pending);
	assert_int_equal(sigismember(&pending, SIGCHLD), 0);
	sigprocmask(SIG_BLOCK, NULL, &pending);
	assert_int_equal(sigismember(&pending, SIGCHLD), 1);
	assert_int_equal(sigismember(&pending, SIGUSR1), 0);
	closer = only_child();
	read_all(c.peer);
	expect_end(closer);
	sigaction(SIGCHLD, &before, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

static int adopt(void **state)
{
	(void)state;
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on_beside),
		cmocka_unit_test(test_end_is_not_waited_for),
		cmocka_unit_test(test_killed_meanwhile),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_places_are_used_again),
		cmocka_unit_test(test_in_a_child),
		cmocka_unit_test(test_without_processes),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, adopt, NULL);
}

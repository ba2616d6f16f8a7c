/* SPDX-License-Identifier: MIT */
/* Where gdb connects to: sockets in the file system, and who had them before. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "gdb/listen.h"
#include <cmocka.h> /* last: it has macros of common names */

static char folder[] = "/tmp/gdb_listen.XXXXXX", path[sizeof(folder) + 8];

static bool is_there(void)
{
	return access(path, F_OK) == 0;
}

static void a_path_is_taken_and_given_back(void **state)
{
	struct gdb_listener listener;
	struct error error = { "" };

	(void)state;
	assert_int_equal(gdb_listener_init(&listener, path, &error), 0);
	assert_true(is_there());
	gdb_listener_finish(&listener);
	assert_false(is_there());
}

/* As a process leaves it that was killed, or that became another one. */
static void what_was_left_makes_room(void **state)
{
	struct gdb_listener left, listener;
	struct error error = { "" };

	(void)state;
	assert_int_equal(gdb_listener_init(&left, path, &error), 0);
	close(left.fd);
	assert_int_equal(gdb_listener_init(&listener, path, &error), 0);
	gdb_listener_finish(&listener);
	assert_false(is_there());
}

static void one_in_use_stays_undisturbed(void **state)
{
	struct gdb_listener first, second;
	struct error error = { "" };

	(void)state;
	assert_int_equal(gdb_listener_init(&first, path, &error), 0);
	fcntl(first.fd, F_SETFL, O_NONBLOCK);
	assert_int_equal(gdb_listener_init(&second, path, &error), -EADDRINUSE);
	assert_non_null(strstr(error.text, path));
	gdb_listener_finish(&second);
	assert_true(is_there());
	/* Nobody has come. */
	assert_int_equal(accept(first.fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	gdb_listener_finish(&first);
}

static void other_files_stay(void **state)
{
	struct gdb_listener listener;
	struct error error = { "" };
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	fclose(file);
	assert_int_equal(gdb_listener_init(&listener, path, &error), -EADDRINUSE);
	gdb_listener_finish(&listener);
	assert_true(is_there());
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_taken_and_given_back),
		cmocka_unit_test(what_was_left_makes_room),
		cmocka_unit_test(one_in_use_stays_undisturbed),
		cmocka_unit_test(other_files_stay),
	};
	int failed;

	if (!mkdtemp(folder))
		return 99;
	snprintf(path, sizeof(path), "%s/gdb", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}

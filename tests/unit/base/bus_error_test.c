/* SPDX-License-Identifier: MIT */
/* Unit tests of base/bus_error.c: files that are cut off while they are mapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/address.h"
#include "base/bus_error.h"

#define PAGES 16
#define SIZE  (PAGES * PAGE_SIZE)

/* A file in memory, of bytes that are not zero. */
static int make_file(void)
{
	uint8_t page[PAGE_SIZE];
	int fd = memfd_create("bus_error_test", MFD_CLOEXEC), i;

	assert_true(fd >= 0);
	memset(page, 0x5a, sizeof(page));
	for (i = 0; i < PAGES; i++)
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	return fd;
}

static uint8_t *map_file(int fd)
{
	void *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	assert_ptr_not_equal(map, MAP_FAILED);
	return map;
}

static void watch(uint8_t *map, atomic_bool *lost)
{
	struct error error = { "" };

	if (bus_error_watch(map, SIZE, lost, &error) != 0)
		fail_msg("%s", error.text);
}

static void what_is_lost_is_zero(void **state)
{
	int fd = make_file();
	uint8_t *map = map_file(fd);
	atomic_bool lost = false;

	(void)state;
	watch(map, &lost);
	map[3 * PAGE_SIZE] = 1;
	assert_int_equal(ftruncate(fd, 2 * PAGE_SIZE), 0);
	/* What is there, and what was copied: truncating takes copies, too. */
	assert_int_equal(map[PAGE_SIZE], 0x5a);
	assert_false(lost);
	assert_int_equal(map[2 * PAGE_SIZE + 7], 0);
	assert_true(lost);
	/* It is memory like any other from then on. */
	map[2 * PAGE_SIZE + 7] = 9;
	map[5 * PAGE_SIZE] = 8;
	assert_int_equal(map[2 * PAGE_SIZE + 7], 9);
	assert_int_equal(map[5 * PAGE_SIZE], 8);
	assert_int_equal(map[PAGE_SIZE], 0x5a);
	bus_error_forget(map);
	munmap(map, SIZE);
	close(fd);
}

static void each_is_told_of_its_own(void **state)
{
	int fds[2] = { make_file(), make_file() };
	uint8_t *maps[2] = { map_file(fds[0]), map_file(fds[1]) };
	atomic_bool lost[2] = { false, false };

	(void)state;
	watch(maps[0], &lost[0]);
	watch(maps[1], &lost[1]);
	assert_int_equal(ftruncate(fds[0], 0), 0);
	assert_int_equal(ftruncate(fds[1], 0), 0);
	assert_int_equal(maps[1][SIZE - 1], 0);
	assert_true(!lost[0] && lost[1]);
	bus_error_forget(maps[1]);
	assert_int_equal(maps[0][0], 0);
	assert_true(lost[0]);
	bus_error_forget(maps[0]);
	/* Of one that nobody knows. */
	bus_error_forget(maps[0]);
	munmap(maps[0], SIZE);
	munmap(maps[1], SIZE);
	close(fds[0]);
	close(fds[1]);
}

static void *read_all(void *context)
{
	const volatile uint8_t *map = context;
	unsigned int sum = 0, i;

	for (i = 0; i < PAGES; i++)
		sum += map[i * PAGE_SIZE];
	return (void *)(uintptr_t)sum;
}

static void threads_meet_at_a_page(void **state)
{
	pthread_t threads[8];
	int round, i;

	(void)state;
	for (round = 0; round < 50; round++) {
		int fd = make_file();
		uint8_t *map = map_file(fd);
		atomic_bool lost = false;
		void *sum;

		watch(map, &lost);
		assert_int_equal(ftruncate(fd, 0), 0);
		for (i = 0; i < 8; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, read_all, map), 0);
		for (i = 0; i < 8; i++) {
			pthread_join(threads[i], &sum);
			assert_null(sum);
		}
		assert_true(lost);
		bus_error_forget(map);
		munmap(map, SIZE);
		close(fd);
	}
}

/* In a child: how it ends when it touches a page that nobody is told of. */
static int touch_other(void (*before)(void))
{
	pid_t child = fork();
	int status;

	if (!child) {
		const struct rlimit none = { 0, 0 };
		uint8_t *watched, *other;
		atomic_bool lost = false;
		int fd = make_file();

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGBUS, SIG_DFL); /* not cmocka's */
		if (before)
			before();
		watched = map_file(fd);
		other = map_file(fd);
		watch(watched, &lost);
		if (ftruncate(fd, 0) != 0 || *(volatile uint8_t *)watched != 0 || !lost)
			_exit(1);
		_exit(*(volatile uint8_t *)other);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void what_is_not_watched_is_fatal(void **state)
{
	int status = touch_other(NULL);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void leave(int number)
{
	(void)number;
	_exit(42);
}

static void leave_with_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	_exit(number == SIGBUS && info->si_code == BUS_ADRERR ? 43 : 1);
}

static void set_plain(void)
{
	signal(SIGBUS, leave);
}

static void set_with_info(void)
{
	const struct sigaction action = { .sa_sigaction = leave_with_info, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &action, NULL);
}

/* The program's own handler hears of the rest. */
static void others_handlers_stay(void **state)
{
	int status = touch_other(set_plain);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	status = touch_other(set_with_info);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 43);
}

/* Takes the signal as a library does that passes on what it is not about: to whom it found there. */
static struct sigaction found;
static unsigned int seen;

static void pass(int number, siginfo_t *info, void *context)
{
	if (++seen > 5)
		_exit(44);
	found.sa_sigaction(number, info, context);
}

static void two_that_pass_on_end(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (!child) {
		const struct sigaction action = { .sa_sigaction = pass, .sa_flags = SA_SIGINFO };
		const struct rlimit none = { 0, 0 };
		int fd = make_file();
		uint8_t *watched = map_file(fd), *other = map_file(fd);
		atomic_bool lost = false;

		setrlimit(RLIMIT_CORE, &none);
		watch(watched, &lost);
		sigaction(SIGBUS, &action, &found);
		bus_error_forget(watched);
		watch(watched, &lost);
		if (ftruncate(fd, 0) != 0 || *(volatile uint8_t *)watched != 0 || !lost || seen)
			_exit(1);
		_exit(*(volatile uint8_t *)other);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

/* Whoever took the signal meanwhile has put back what there was before both. */
static void it_is_made_anew(void **state)
{
	int fd = make_file();
	uint8_t *map = map_file(fd);
	atomic_bool lost = false;

	(void)state;
	watch(map, &lost);
	bus_error_forget(map);
	signal(SIGBUS, SIG_DFL);
	watch(map, &lost);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(map[0], 0);
	assert_true(lost);
	bus_error_forget(map);
	munmap(map, SIZE);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_handlers_stay),
		cmocka_unit_test(two_that_pass_on_end),
		cmocka_unit_test(what_is_not_watched_is_fatal),
		cmocka_unit_test(what_is_lost_is_zero),
		cmocka_unit_test(each_is_told_of_its_own),
		cmocka_unit_test(threads_meet_at_a_page),
		cmocka_unit_test(it_is_made_anew),
	};

	return cmocka_run_group_tests_name("bus_error", tests, NULL, NULL);
}

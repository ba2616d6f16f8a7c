/* SPDX-License-Identifier: MIT */
/*
 * The files are written by the compilers' own run-time libraries, which write what the counters hold, to where GCOV_PREFIX
 * (gcc's manual, "Cross-profiling") or a function of clang's says: in a child of the process, whose counters are
 * set to the difference, and which does nothing else. No handler of the program's runs there.
 */
#include "runner/workers/by_test.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "runner/workers/folders.h"

/* The child's exit status: 0, or which of its steps has failed. */
enum {
	CHILD_FINE,
	CHILD_NO_MEMORY,
	CHILD_NOT_WRITTEN,
};

char *by_test_encode(const char *name)
{
	static const char taken[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "._-+,@[]";
	char *encoded = malloc(3 * strlen(name) + 1), *to = encoded;

	if (!encoded)
		return NULL;
	for (; *name; name++)
		if (strchr(taken, *name))
			*to++ = *name;
		else
			to += sprintf(to, "=%02X", (unsigned char)*name);
	*to = '\0';
	return encoded;
}

/* For free(); or NULL, and errno. */
static char *folder_of(const struct by_test *by_test, const char *name)
{
	char *encoded = by_test_encode(name), *folder = NULL;

	if (encoded && strlen(encoded) > NAME_MAX)
		errno = ENAMETOOLONG;
	else if (!encoded || asprintf(&folder, "%s/%s", by_test->folder, encoded) < 0)
		errno = ENOMEM;
	free(encoded);
	return folder;
}

static bool ends_in(const char *text, const char *end)
{
	const size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static int remove_old(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)where;
	if (type == FTW_F && (ends_in(path, ".gcda") || ends_in(path, ".profraw")))
		unlink(path);
	return 0;
}

static int prepare(struct by_test *by_test, const char *folder, const struct plan *plan, bool anew)
{
	char *made = strdup(folder);
	int err = made ? folders_make(made) : -ENOMEM;
	size_t i;

	free(made);
	if (err)
		return err;
	by_test->folder = realpath(folder, NULL);
	if (!by_test->folder)
		return -errno;
	if (access(by_test->folder, W_OK | X_OK))
		return -errno;
	for (i = 0; i < plan->count && anew; i++) {
		char *old = folder_of(by_test, plan->cases[i].name);

		if (!old)
			return -errno;
		nftw(old, remove_old, 16, FTW_PHYS);
		free(old);
	}
	return 0;
}

static char *name_of_before(const struct by_test *by_test)
{
	char *name;

	return asprintf(&name, "%s/.before", by_test->folder) < 0 ? NULL : name;
}

/* In a file: the program may be started anew in the middle of a case (runner/workers/fresh.h). */
static int map_before(struct by_test *by_test, bool anew)
{
	const size_t size = counters_size(by_test->counters);
	char *name = name_of_before(by_test);
	int fd = name ? open(name, O_RDWR | O_CREAT | (anew ? O_TRUNC : 0) | O_CLOEXEC, 0600) : -1;
	int err = fd < 0 ? -errno : -posix_fallocate(fd, 0, (off_t)size);

	if (!err)
		by_test->before = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (by_test->before == MAP_FAILED) {
		by_test->before = NULL;
		err = -errno;
	}
	if (fd >= 0)
		close(fd);
	free(name);
	return err;
}

int by_test_init(struct by_test *by_test, const struct counters *counters, const char *folder,
		 const struct plan *plan, bool anew, struct error *error)
{
	int err;

	*by_test = (struct by_test){ .counters = counters };
	if (!counters->count)
		return error_set(
			error, EINVAL,
			"--coverage-by-test: the program counts nothing: build what is to "
			"be seen with --coverage, or with clang's -fprofile-instr-generate "
			"-fcoverage-mapping");
	if (!counters->writer_count)
		return error_set(error, ENOTSUP,
				 "--coverage-by-test: the functions that write what the program "
				 "counts can't be found: don't strip it");
	err = prepare(by_test, folder, plan, anew);
	if (!err)
		err = map_before(by_test, anew);
	/* Others mean that there is no KVM. */
	if (err)
		return error_set(error, EIO, "--coverage-by-test: the folder %.300s: %s", folder,
				 strerror(-err));
	return 0;
}

void by_test_finish(struct by_test *by_test)
{
	char *name = by_test->before ? name_of_before(by_test) : NULL;

	if (name)
		unlink(name);
	if (by_test->before)
		munmap(by_test->before, counters_size(by_test->counters));
	free(name);
	free(by_test->folder);
	*by_test = (struct by_test){ 0 };
}

void by_test_begin(const struct by_test *by_test)
{
	counters_copy(by_test->counters, by_test->before);
}

/* FOLDER/object.%m.profraw, where %m is a number of the object's, and adds to what is there already. */
static bool name_profile(const struct counter_writer *writer, const char *folder)
{
	void (*set_name)(const char *) = (void (*)(const char *))(uintptr_t)writer->set_name;
	char *object = realpath(writer->object[0] ? writer->object : "/proc/self/exe", NULL);
	char *name;

	/* It keeps the name. */
	if (!object || asprintf(&name, "%s%s.%%m.profraw", folder, object) < 0)
		return false;
	set_name(name);
	return true;
}

static __attribute__((noreturn)) void child(const struct by_test *by_test, const char *folder)
{
	size_t i;

	counters_subtract(by_test->counters, by_test->before);
	if (setenv("GCOV_PREFIX", folder, 1))
		_exit(CHILD_NO_MEMORY);
	unsetenv("GCOV_PREFIX_STRIP");
	for (i = 0; i < by_test->counters->writer_count; i++) {
		const struct counter_writer *writer = &by_test->counters->writers[i];

		if (!writer->set_name)
			((void (*)(void))(uintptr_t)writer->write)();
		else if (!name_profile(writer, folder))
			_exit(CHILD_NO_MEMORY);
		else if (((int (*)(void))(uintptr_t)writer->write)())
			_exit(CHILD_NOT_WRITTEN);
	}
	_exit(CHILD_FINE);
}

int by_test_end(const struct by_test *by_test, const char *name, struct error *error)
{
	char *folder = folder_of(by_test, name);
	int status = 0, err = 0;
	pid_t pid;

	if (!folder)
		return error_set(error, errno, "--coverage-by-test: a folder for %.100s: %s", name,
				 strerror(errno));
	pid = fork();
	if (pid == 0)
		child(by_test, folder);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	if (pid < 0)
		err = error_set(error, errno, "--coverage-by-test: starting a process: %s",
				strerror(errno));
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != CHILD_FINE)
		err = error_set(error, EIO,
				"--coverage-by-test: what %.100s has counted could not be written "
				"to %.300s",
				name, folder);
	free(folder);
	return err;
}

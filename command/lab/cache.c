/* SPDX-License-Identifier: MIT */
/*
 * What the lab keeps from one run to the next, and the directories in which it is made: on the same
 * file system, so that what is whole takes its place in one step.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/lab/cache.h"
#include "command/lab/error.h"
#include "command/lab/strings.h"

int lab_make_directories(const char *path)
{
	char *copy = lab_format("%s/", path);
	int err = 0;

	for (char *slash = strchr(copy + 1, '/'); slash && !err; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			err = -errno;
		*slash = '/';
	}
	free(copy);
	return err;
}

char *lab_cache_directory(void)
{
	const char *base = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	struct passwd *user;
	char *path;
	int err;

	if (!home || *home != '/') {
		user = getpwuid(getuid());
		home = user ? user->pw_dir : "/";
	}
	/* A relative path in it is to be ignored, says the XDG Base Directory Specification. */
	if (base && *base == '/')
		path = lab_format("%s/ring0/lab", base);
	else
		path = lab_format("%s/.cache/ring0/lab", home);
	err = lab_make_directories(path);
	if (err) {
		lab_error(LAB_DISK, "making the cache directory %s: %s; set XDG_CACHE_HOME", path,
			  strerror(-err));
		free(path);
		path = NULL;
	}
	return path;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	remove(path);
	return 0;
}

void lab_remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int open_directory(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Remove what runs that were killed left: nobody holds the locks on it any more. */
static void sweep(const char *cache)
{
	static const char *const patterns[] = { "saving-*", "fetch-*" };
	struct lab_strings names = { 0 };

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		char *pattern = lab_format("%s/%s", cache, patterns[i]);

		lab_glob(pattern, &names);
		free(pattern);
	}
	for (size_t i = 0; i < names.count; i++) {
		int fd = open_directory(names.items[i]);

		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			lab_remove_tree(names.items[i]);
		if (fd >= 0)
			close(fd);
	}
	lab_strings_finish(&names);
}

int lab_workshop_open(struct lab_workshop *workshop, const char *cache, const char *purpose)
{
	/* From being made until it is locked, nobody may take it for one that was left. */
	int turn = open_directory(cache), err = 0;

	*workshop = (struct lab_workshop){ .lock = -1 };
	if (turn < 0)
		return -errno;
	while (flock(turn, LOCK_EX) && errno == EINTR)
		;
	sweep(cache);
	workshop->path = lab_format("%s/%s-XXXXXX", cache, purpose);
	if (mkdtemp(workshop->path)) {
		workshop->lock = open_directory(workshop->path);
		if (workshop->lock >= 0)
			flock(workshop->lock, LOCK_EX | LOCK_NB);
	} else {
		err = -errno;
		free(workshop->path);
		workshop->path = NULL;
	}
	close(turn);
	return err;
}

void lab_workshop_close(struct lab_workshop *workshop)
{
	if (workshop->path)
		lab_remove_tree(workshop->path);
	free(workshop->path);
	if (workshop->lock >= 0)
		close(workshop->lock);
	*workshop = (struct lab_workshop){ .lock = -1 };
}

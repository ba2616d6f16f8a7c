/* SPDX-License-Identifier: MIT */
/* The lab's files, inside the machine: see files.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "command/lab/init/files.h"
#include "command/lab/init/port.h"

void files_make_directories(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static int write_file(int fd, const char *from, size_t size)
{
	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0)
			return -errno;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

void files_take(const char *message, size_t length)
{
	static char content[PORT_CHUNK];
	const char *link_text;
	struct lab_file file;
	int error = 0, fd = -1;
	uint64_t left;
	char *path;

	memcpy(&file, message, sizeof(file));
	if (length < sizeof(file) || file.path_length > length - sizeof(file))
		port_give_up("a message with a file is cut short");
	path = strndup(message + sizeof(file), file.path_length);
	if (!path)
		port_give_up("no memory for a path");
	link_text = message + sizeof(file) + file.path_length;
	left = file.size;
	files_make_directories(path);
	if (S_ISDIR(file.mode)) {
		if (mkdir(path, file.mode & 07777) && errno != EEXIST)
			error = errno;
	} else if (S_ISLNK(file.mode)) {
		unlink(path);
		if (symlink(link_text, path))
			error = errno;
	} else {
		unlink(path); /* it may be a program that still runs */
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			error = errno;
	}
	while (left) {
		size_t size = left < sizeof(content) ? (size_t)left : sizeof(content);

		port_read(content, size);
		if (!error)
			error = -write_file(fd, content, size);
		left -= size;
	}
	if (fd >= 0) {
		fchmod(fd, file.mode & 07777);
		close(fd);
	}
	if (error)
		port_send_failure(error, "%s: %s", path, strerror(error));
	free(path);
}

void files_collect(const char *path)
{
	static char data[PORT_CHUNK];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		port_send_failure(errno, "%s: %s", path, strerror(errno));
		return;
	}
	while ((n = read(fd, data, sizeof(data))) > 0)
		port_send(LAB_COLLECTED, data, (size_t)n);
	if (n < 0)
		port_send_failure(errno, "%s: %s", path, strerror(errno));
	else
		port_send(LAB_COLLECTED, data, 0);
	close(fd);
}

/* What files_find() looks for: ends of names, and folders with a slash at both ends; nftw() has no argument for its function. */
static struct {
	const char *suffixes;
	size_t size;
	struct timespec since; /* when the first program began */
} wanted;

void files_begin(void)
{
	/* The clock that files have their times by. */
	if (!wanted.since.tv_sec)
		clock_gettime(CLOCK_REALTIME_COARSE, &wanted.since);
}

static bool is_wanted(const char *path)
{
	const char *end = wanted.suffixes + wanted.size;

	for (const char *suffix = wanted.suffixes; suffix < end; suffix += strlen(suffix) + 1) {
		size_t length = strlen(suffix), all = strlen(path);

		if (*suffix == '/' && !strncmp(path, suffix, length))
			return true;
		if (length && all > length && !strcmp(path + all - length, suffix))
			return true;
	}
	return false;
}

static int walked(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)where;
	if (type == FTW_F && is_wanted(path) &&
	    (status->st_mtim.tv_sec > wanted.since.tv_sec ||
	     (status->st_mtim.tv_sec == wanted.since.tv_sec &&
	      status->st_mtim.tv_nsec >= wanted.since.tv_nsec)))
		port_send(LAB_FOUND, path, strlen(path));
	return FTW_CONTINUE;
}

/* Where programs write: no file system of the kernel's own. */
void files_find(const char *suffixes, size_t size)
{
	static const char *const skipped[] = { "proc", "sys", "dev" };
	const struct dirent *entry;
	DIR *root = opendir("/");

	wanted.suffixes = suffixes;
	wanted.size = size;
	while (root && (entry = readdir(root))) {
		bool skip = entry->d_name[0] == '.';
		char path[sizeof(entry->d_name) + 1];

		for (size_t i = 0; i < sizeof(skipped) / sizeof(*skipped); i++)
			skip |= !strcmp(entry->d_name, skipped[i]);
		snprintf(path, sizeof(path), "/%s", entry->d_name);
		if (!skip)
			nftw(path, walked, 16, FTW_PHYS);
	}
	if (root)
		closedir(root);
	port_send(LAB_FOUND, NULL, 0);
}

/* SPDX-License-Identifier: MIT */
/* A file for each image with what it prints. Depends on suite.h and libc. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command/suite/suite.h"

/* An image that prints for ever must not fill the disk. */
#define LOG_MAX ((uint64_t)64 << 20)

int suite_logs_open(struct suite_logs *logs, const char *directory, struct error *error)
{
	*logs = (struct suite_logs){ .directory = directory };
	if (!directory || mkdir(directory, 0777) == 0 || errno == EEXIST)
		return 0;
	return error_set(error, errno, "--log-dir %.300s: %s", directory, strerror(errno));
}

char *suite_logs_path(const struct suite_logs *logs, const char *image, const char *suffix)
{
	char *path, *c;
	size_t length = strlen(logs->directory) + 1;

	if (asprintf(&path, "%s/%s%s", logs->directory, image, suffix) < 0)
		return NULL;
	/* In that directory, whatever the image's name is. */
	for (c = path + length; *c; c++)
		if (*c == '/' || (unsigned char)*c < ' ')
			*c = '_';
	return path;
}

/* Of many that can't be written, one is told of. */
static void give_up(struct suite_log *log, int err)
{
	if (!log->logs->has_failed)
		suite_complain("the log %s: %s; there are no logs from here on",
			       log->path ? log->path : log->logs->directory, strerror(err));
	log->logs->has_failed = true;
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

void suite_log_open(struct suite_log *log, struct suite_logs *logs, const char *image)
{
	*log = (struct suite_log){ .logs = logs, .fd = -1 };
	if (!logs->directory || logs->has_failed)
		return;
	log->path = suite_logs_path(logs, image, ".log");
	log->fd = log->path ? open(log->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	if (log->fd < 0)
		give_up(log, log->path ? errno : ENOMEM);
}

static void put(struct suite_log *log, const char *text, size_t size)
{
	while (size && log->fd >= 0) {
		ssize_t written = write(log->fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			give_up(log, written < 0 ? errno : ENOSPC);
			return;
		}
		text += written;
		size -= (size_t)written;
	}
}

void suite_log_add(struct suite_log *log, const char *text, size_t size)
{
	static const char cut[] = "\n[ring0 suite: 64 MiB: no more of it is kept]\n";

	if (log->fd < 0 || log->size > LOG_MAX)
		return;
	put(log, text, size);
	log->size += size;
	if (log->size > LOG_MAX)
		put(log, cut, strlen(cut));
}

void suite_log_close(struct suite_log *log)
{
	if (log->fd >= 0 && close(log->fd) != 0) {
		log->fd = -1;
		give_up(log, errno);
	}
	log->fd = -1;
	free(log->path);
	log->path = NULL;
}

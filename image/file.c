/* SPDX-License-Identifier: MIT */
#include "image/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int image_file_put(int fd, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	while (size) {
		ssize_t done = write(fd, at, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -(done < 0 ? errno : ENOSPC);
		at += done;
		size -= (size_t)done;
	}
	return 0;
}

int image_file_write(const char *file, const void *bytes, size_t size, struct error *error)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), err;

	if (fd < 0)
		return error_set(error, errno, "creating %.300s: %s", file, strerror(errno));
	err = image_file_put(fd, bytes, size);
	if (close(fd) && !err)
		err = -errno;
	if (err)
		error_set(error, -err, "writing %.300s, %zu KiB: %s", file, size >> 10,
			  strerror(-err));
	return err;
}

int image_file_take(int fd, const char *name, uint8_t **bytes, size_t *size, struct error *error)
{
	struct stat status;
	size_t done = 0;

	if (fstat(fd, &status))
		return error_set(error, errno, "%.300s: %s", name, strerror(errno));
	*size = (size_t)status.st_size;
	*bytes = malloc(*size + 1);
	if (!*bytes)
		return error_set(error, ENOMEM, "no memory for an image");
	while (done < *size) {
		ssize_t got = pread(fd, *bytes + done, *size - done, (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(*bytes);
			return error_set(error, EIO, "reading %.300s: %s", name,
					 got < 0 ? strerror(errno) : "it became shorter");
		}
		done += (size_t)got;
	}
	return 0;
}

int image_file_read(const char *file, uint8_t **bytes, size_t *size, struct error *error)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return error_set(error, errno, "%.300s: %s", file, strerror(errno));
	err = image_file_take(fd, file, bytes, size, error);
	close(fd);
	return err;
}

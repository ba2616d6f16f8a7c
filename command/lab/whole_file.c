/* SPDX-License-Identifier: MIT */
/* Whole files. Depends on libc. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/lab/whole_file.h"

int lab_map_descriptor(int fd, struct lab_blob *blob)
{
	struct stat status;
	int err = 0;

	*blob = (struct lab_blob){ 0 };
	if (fstat(fd, &status)) {
		err = -errno;
	} else if (!S_ISREG(status.st_mode)) {
		err = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	} else if (status.st_size > 0) {
		void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (data == MAP_FAILED)
			err = -errno;
		else
			*blob = (struct lab_blob){ data, (size_t)status.st_size };
	}
	return err;
}

int lab_map(const char *path, struct lab_blob *blob)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : lab_map_descriptor(fd, blob);

	if (fd < 0)
		*blob = (struct lab_blob){ 0 };
	else
		close(fd);
	return err;
}

void lab_unmap(struct lab_blob *blob)
{
	if (blob->data)
		munmap((void *)(uintptr_t)blob->data, blob->size);
	*blob = (struct lab_blob){ 0 };
}

int lab_write_all(int fd, const void *data, size_t size)
{
	const char *from = data;

	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd ready = { .fd = fd, .events = POLLOUT };

			poll(&ready, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

int lab_copy_descriptor(int from, const char *path)
{
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), err = 0;
	char data[65536];
	off_t at = 0;
	ssize_t n;

	if (to < 0)
		return -errno;
	while (!err && (n = pread(from, data, sizeof(data), at)) > 0) {
		err = lab_write_all(to, data, (size_t)n);
		at += n;
	}
	if (!err && n < 0)
		err = -errno;
	if (close(to) && !err)
		err = -errno;
	return err;
}

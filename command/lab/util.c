/* SPDX-License-Identifier: MIT */
/*
 * What every file of the lab uses: errors, strings, files in memory, a clock. Depends on libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/lab/lab.h"

int lab_error(int status, const char *format, ...)
{
	va_list arguments;
	char text[2048];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* One line, whatever a file's name or a kernel's message has in it. */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	fprintf(stderr, "ring0 lab: %s\n", text);
	return status;
}

void *lab_allocate(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		exit(lab_error(LAB_INTERNAL, "no memory for %zu bytes", size));
	return memory;
}

char *lab_format(const char *format, ...)
{
	va_list arguments;
	char *text;
	int n;

	va_start(arguments, format);
	n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n < 0)
		exit(lab_error(LAB_INTERNAL, "no memory for a string"));
	return text;
}

void lab_strings_add(struct lab_strings *strings, const char *text)
{
	char **items = realloc(strings->items, (strings->count + 1) * sizeof(*items));

	if (!items)
		exit(lab_error(LAB_INTERNAL, "no memory for a list"));
	strings->items = items;
	strings->items[strings->count++] = lab_format("%s", text);
}

void lab_strings_take(struct lab_strings *strings, char *text)
{
	lab_strings_add(strings, text);
	free(text);
}

char *lab_strings_join(const struct lab_strings *strings)
{
	char *text = lab_format("%s", "");

	for (size_t i = 0; i < strings->count; i++) {
		char *longer = lab_format("%s%s%s", text, i ? " " : "", strings->items[i]);

		free(text);
		text = longer;
	}
	return text;
}

char **lab_strings_vector(const struct lab_strings *strings)
{
	char **vector = lab_allocate((strings->count + 1) * sizeof(*vector));

	memcpy(vector, strings->items, strings->count * sizeof(*vector));
	return vector;
}

void lab_strings_finish(struct lab_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct lab_strings){ 0 };
}

void lab_glob(const char *pattern, struct lab_strings *names)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			lab_strings_add(names, found.gl_pathv[i]);
		globfree(&found);
	}
}

bool lab_name_matches(const char *pattern, const char *name, size_t length)
{
	size_t size = strlen(pattern);

	if (pattern[size - 1] == '*')
		return length >= size - 1 && !strncmp(pattern, name, size - 1);
	if (*pattern == '*')
		return length >= size - 1 &&
		       !strncmp(pattern + 1, name + length - (size - 1), size - 1);
	return length == size && !strncmp(pattern, name, size);
}

uint64_t lab_clock(void)
{
	return clock_ms();
}

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

char *lab_find_in_path(const char *name)
{
	const char *search = getenv("PATH");
	char *path = NULL;

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : lab_format("%s", name);
	while (search && *search) {
		size_t length = strcspn(search, ":");

		path = lab_format("%.*s/%s", (int)length, search, name);
		if (*path == '/' && access(path, X_OK) == 0)
			return path;
		free(path);
		search += length + (search[length] != '\0');
	}
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/* Files in memory, and what is said of what goes wrong. Depends on libc. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/text.h"
#include "command/boot/boot.h"

int boot_error(int status, const char *format, ...)
{
	va_list arguments;
	char text[2048];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* One line, whatever a file's name or a kernel's has in it. */
	fputs("ring0 boot: ", stderr);
	text_put(stderr, text, strlen(text), "");
	fputc('\n', stderr);
	return status;
}

static int map(struct boot_file *file, int fd)
{
	struct stat stat;
	void *data;

	if (fstat(fd, &stat) != 0)
		return errno;
	if (!S_ISREG(stat.st_mode))
		return S_ISDIR(stat.st_mode) ? EISDIR : ESPIPE;
	/* What is empty can't be mapped, and is a file all the same. */
	*file = (struct boot_file){ "", 0 };
	if (!stat.st_size)
		return 0;
	data = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return errno;
	*file = (struct boot_file){ data, (size_t)stat.st_size };
	return 0;
}

int boot_file_map(struct boot_file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return boot_error(BOOT_MISSING, "%s: %s", path, strerror(errno));
	err = map(file, fd);
	close(fd);
	if (!err)
		return 0;
	return boot_error(BOOT_MISSING, "%s: %s", path,
			  err == ESPIPE ? "it is not a regular file" : strerror(err));
}

void boot_file_unmap(struct boot_file *file)
{
	if (file->size)
		munmap((void *)(uintptr_t)file->data, file->size);
	*file = (struct boot_file){ 0 };
}

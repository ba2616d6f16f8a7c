/* SPDX-License-Identifier: MIT */
/* Text of files, of commands and of variables, and what is said of it. Depends on libc and base/helper_process.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/helper_process.h"
#include "base/text.h"
#include "command/suite/suite.h"

/* A command has so much of the CPU's time, and may be silent for so long. */
#define COMMAND_MS 30000

void suite_complain(const char *format, ...)
{
	va_list arguments;
	char text[2048];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fflush(stdout);
	fputs("ring0 suite: ", stderr);
	text_put(stderr, text, strlen(text), "");
	fputc('\n', stderr);
}

/* Until the end, wherever that is: files of procfs say that they are empty. */
static int read_all(int fd, struct buffer *buffer)
{
	char piece[4096];
	ssize_t size;

	while ((size = read(fd, piece, sizeof(piece))) != 0) {
		if (size < 0 && errno != EINTR)
			return -errno;
		if (size > 0)
			buffer_add(buffer, piece, (size_t)size);
		if (buffer->cut)
			return -EFBIG;
	}
	return 0;
}

int suite_file_read(const char *path, char **text, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	struct buffer buffer = { 0 };

	*text = NULL;
	if (fd < 0)
		return -errno;
	err = read_all(fd, &buffer);
	close(fd);
	*size = buffer.length;
	*text = buffer.text ? buffer_take(&buffer) : strdup("");
	if (!err && !*text)
		err = -ENOMEM;
	if (err) {
		free(*text);
		*text = NULL;
	}
	return err;
}

char *suite_shell(const char *command, struct error *error)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)(uintptr_t)command, NULL };
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC), err;
	struct error own = { "" };
	char *output = NULL;
	size_t length;

	err = helper_process_run(argv, nothing, COMMAND_MS, &output, &own);
	if (nothing >= 0)
		close(nothing);
	if (err) {
		error_set(error, EINVAL, "`%.100s`: %.300s", command,
			  own.text[0] ? own.text : strerror(-err));
		free(output);
		return NULL;
	}
	length = output ? strlen(output) : 0;
	while (length && output[length - 1] == '\n')
		output[--length] = '\0';
	return output ? output : strdup("");
}

static char *find_variable(void *context, const char *name, struct error *error)
{
	const char *value = getenv(name);
	char number[24];

	(void)context;
	if (!value && !strcmp(name, "MAX_SMP")) {
		snprintf(number, sizeof(number), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
		value = number;
	}
	if (value)
		return strdup(value);
	error_set(error, EINVAL, "there is no variable %s in the environment", name);
	return NULL;
}

static char *run_command(void *context, const char *command, struct error *error)
{
	(void)context;
	return suite_shell(command, error);
}

const struct suite_expansion suite_expansion = {
	.variable = find_variable,
	.command = run_command,
};

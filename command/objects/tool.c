/* SPDX-License-Identifier: MIT */
/* Runs compilers, linkers and objcopy. Depends on libc. */
#include <err.h>
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "command/objects/objects.h"

extern char **environ;

int objects_complain(const char *format, ...)
{
	va_list arguments;

	fputs("ring0 objects: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return -1;
}

void tool_add(struct tool_words *words, const char *format, ...)
{
	va_list arguments;
	char *word;
	int length;

	va_start(arguments, format);
	length = vasprintf(&word, format, arguments);
	va_end(arguments);
	words->words = reallocarray(words->words, words->count + 2, sizeof(*words->words));
	if (length < 0 || !words->words)
		err(1, "ring0 objects");
	words->words[words->count++] = word;
	words->words[words->count] = NULL;
}

void tool_add_named(struct tool_words *words, const char *variable, const char *otherwise)
{
	const char *text = getenv(variable);
	size_t length;

	if (!text || !*text)
		text = otherwise;
	for (; *text; text += length) {
		text += strspn(text, " ");
		length = strcspn(text, " ");
		if (length)
			tool_add(words, "%.*s", (int)length, text);
	}
}

void tool_finish(struct tool_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->words[i]);
	free(words->words);
	*words = (struct tool_words){ 0 };
}

static char *read_all(int fd)
{
	char *text = NULL, buffer[4096];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	ssize_t got;

	while (out && ((got = read(fd, buffer, sizeof(buffer))) > 0 || (got < 0 && errno == EINTR)))
		if (got > 0)
			fwrite(buffer, 1, (size_t)got, out);
	if (out)
		fclose(out);
	return text;
}

int tool_run(struct tool_words *words, void (*advise)(const char *printed))
{
	posix_spawn_file_actions_t actions;
	int ends[2], error, status = 0;
	char *printed;
	pid_t child;

	if (pipe(ends))
		return objects_complain("pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	error = posix_spawnp(&child, words->words[0], &actions, NULL, words->words, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (error) {
		close(ends[0]);
		return objects_complain("%s: %s: install it (binutils, and a C compiler)",
					words->words[0], strerror(error));
	}
	printed = read_all(ends[0]);
	close(ends[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (printed)
		fputs(printed, stderr);
	if (status) {
		if (advise && printed)
			advise(printed);
		objects_complain("%s failed", words->words[0]);
	}
	free(printed);
	return status ? -1 : 0;
}

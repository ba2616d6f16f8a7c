/* SPDX-License-Identifier: MIT */
/* Depends on image.h and libc. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "command/image/image.h"

#define PLACE "{cmdline}"

/* A suite of which each case takes the machine down has its end, too. */
#define BOOTS_MAX 10000

/* A word, with the command line in place of PLACE, for free(); or NULL. */
static char *fill_in(const char *word, const char *words)
{
	const char *at = strstr(word, PLACE);
	char *filled;

	if (!at)
		return strdup(word);
	if (asprintf(&filled, "%.*s%s%s", (int)(at - word), word, words, at + strlen(PLACE)) < 0)
		return NULL;
	return filled;
}

static void free_words(char **words)
{
	size_t i;

	for (i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

/* A command has its name at least. */
static char **make_words(char *const *command, uint64_t from)
{
	size_t count = 0, i;
	char text[32] = "";
	char **words;

	do
		count++;
	while (command[count]);
	words = calloc(count + 1, sizeof(*words));
	if (from)
		snprintf(text, sizeof(text), "--from=%llu", (unsigned long long)from);
	for (i = 0; i < count && words; i++) {
		words[i] = fill_in(command[i], text);
		if (!words[i]) {
			free_words(words);
			return NULL;
		}
	}
	return words;
}

static bool has_place(char *const *command)
{
	size_t i;

	for (i = 0; command[i]; i++)
		if (strstr(command[i], PLACE))
			return true;
	return false;
}

/* In a process group of its own, which is ended as a whole. */
static pid_t start(char **words, int *fd, struct error *error)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC)) {
		error_set(error, errno, "a pipe for %s: %s", words[0], strerror(errno));
		return -1;
	}
	child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_RDWR);

		setpgid(0, 0);
		dup2(null, STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		execvp(words[0], words);
		fprintf(stderr, "ring0 image: starting %s: %s\n", words[0], strerror(errno));
		_exit(127);
	}
	close(ends[1]);
	if (child < 0) {
		error_set(error, errno, "fork() for %s: %s", words[0], strerror(errno));
		close(ends[0]);
		return -1;
	}
	setpgid(child, child);
	*fd = ends[0];
	return child;
}

/* How long what has said all may take to turn itself off. */
#define LAST_MS 5000

/* Read until it ends, or is silent for too long. False if it was silent before the image had ended. */
static bool read_all(int fd, const struct image_options *options, struct image_log *log, FILE *copy)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char text[65536];
	ssize_t size;

	for (;;) {
		bool has_ended = log->has_ended || log->panic;
		int ready = poll(&wait, 1, has_ended ? LAST_MS : (int)(options->silence_s * 1000));

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return has_ended;
		size = read(fd, text, sizeof(text));
		if (size <= 0)
			return true;
		image_log_add(log, text, (size_t)size);
		if (copy)
			fwrite(text, 1, (size_t)size, copy);
	}
}

/* Returns the command's exit status, or -errno. */
static int boot_once(char *const *command, const struct image_options *options, uint64_t from,
		     struct image_log *log, FILE *copy, bool *is_silent, struct error *error)
{
	char **words = make_words(command, from);
	int fd, status = 0;
	pid_t child;

	if (!words)
		return error_set(error, ENOMEM, "no memory for a command");
	child = start(words, &fd, error);
	free_words(words);
	if (child < 0)
		return -EAGAIN;
	*is_silent = !read_all(fd, options, log, copy);
	close(fd);
	/* What has said all may yet wait for something. */
	kill(-child, *is_silent ? SIGKILL : SIGTERM);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int image_boots(char *const *command, const struct image_options *options, struct image_log *log,
		struct error *error)
{
	FILE *copy = options->log ? fopen(options->log, "we") : NULL;
	uint64_t from = 0, last;
	bool is_silent = false;
	char why[160];
	int boots = 0, status;

	if (options->log && !copy)
		return error_set(error, errno, "%.300s: %s", options->log, strerror(errno));
	for (;;) {
		last = from;
		status = boot_once(command, options, from, log, copy, &is_silent, error);
		boots++;
		if (status < 0 || log->has_ended || log->panic)
			break;
		if (is_silent)
			snprintf(why, sizeof(why), "the machine hung: nothing came of it for %g s",
				 options->silence_s);
		else
			snprintf(why, sizeof(why),
				 "the machine was lost: it reset or shut down (status %d)", status);
		if (!image_log_lose(log, why, &from) || boots == BOOTS_MAX)
			break;
		if (from <= last) {
			status = error_set(
				error, EPROTO,
				"the machine is lost before its next case, number %llu, starts",
				(unsigned long long)from);
			break;
		}
		if (!has_place(command)) {
			status = error_set(error, EINVAL,
					   "%s, and the command has no " PLACE
					   " in which to continue",
					   why);
			break;
		}
	}
	if (copy && fclose(copy) && status >= 0)
		status = error_set(error, errno, "writing %.300s: %s", options->log,
				   strerror(errno));
	if (status < 0)
		return status;
	if (!log->count && !log->has_ended && !log->panic)
		return error_set(
			error, EPROTO,
			"no image said anything (status %d): is its serial port the command's standard output?",
			status);
	return boots;
}

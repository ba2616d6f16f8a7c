/* SPDX-License-Identifier: MIT */
/* Depends on image.h, base/clock.h and libc. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "command/image/image.h"

#define PLACE "{cmdline}"

/* A suite of which each case takes the machine down has its end, too. */
#define BOOTS_MAX 10000

/* A network, a lab, or the machine itself may fail before any case starts: not for ever. */
#define BARREN_MAX 3

/*
 * An NMI for which a test's own IDT has no gate loses the machine: 200 ms after the test's begin, or later. Whoever loses
 * it earlier does so by itself. The machine's clock may be a little slower than ours.
 */
#define NMI_MS 150

/* Where a boot begins, and whether INIT is to keep the time limit of the case there. */
struct next {
	uint64_t from;
	bool by_init;
};

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
static char **make_words(char *const *command, const struct next *next)
{
	size_t count = 0, i;
	char text[80] = "";
	char **words;

	do
		count++;
	while (command[count]);
	words = calloc(count + 1, sizeof(*words));
	if (next->by_init)
		snprintf(text, sizeof(text), "--from=%llu --init=%llu",
			 (unsigned long long)next->from, (unsigned long long)next->from);
	else if (next->from)
		snprintf(text, sizeof(text), "--from=%llu", (unsigned long long)next->from);
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

enum boot_end { BOOT_ENDED, BOOT_SILENT, BOOT_RESET };

struct boot {
	int status;
	enum boot_end end;
	uint64_t case_ns; /* for how long the last case ran, at its end */
};

/* Read until it ends, is silent for too long before the image has ended, or boots again by itself. */
static void read_all(int fd, const struct image_options *options, struct image_log *log, FILE *copy,
		     struct boot *boot)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	uint64_t case_began = clock_ns();
	size_t count = log->count;
	char text[65536];
	ssize_t size;

	boot->end = BOOT_ENDED;

	for (;;) {
		bool has_ended = log->has_ended || log->panic;
		int ready = poll(&wait, 1, has_ended ? LAST_MS : (int)(options->silence_s * 1000));

		if (ready < 0 && errno == EINTR)
			continue;
		boot->case_ns = clock_ns() - case_began;
		if (ready == 0) {
			boot->end = has_ended ? BOOT_ENDED : BOOT_SILENT;
			return;
		}
		size = read(fd, text, sizeof(text));
		if (size <= 0)
			return;
		if (copy) {
			fwrite(text, 1, (size_t)size, copy);
			/* A run may take long: someone may look. */
			fflush(copy);
		}
		image_log_add(log, text, (size_t)size);
		if (log->has_reset) {
			boot->end = BOOT_RESET;
			return;
		}
		if (log->count != count) {
			count = log->count;
			case_began = clock_ns();
		}
	}
}

/* Returns 0, or -errno. */
static int boot_once(char *const *command, const struct image_options *options,
		     const struct next *next, struct image_log *log, FILE *copy, struct boot *boot,
		     struct error *error)
{
	char **words = make_words(command, next);
	int fd, status = 0;
	pid_t child;

	if (!words)
		return error_set(error, ENOMEM, "no memory for a command");
	child = start(words, &fd, error);
	free_words(words);
	if (child < 0)
		return -EAGAIN;
	image_log_boot(log);
	read_all(fd, options, log, copy, boot);
	close(fd);
	/* What has said all may yet wait for something. */
	kill(-child, boot->end == BOOT_SILENT ? SIGKILL : SIGTERM);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	boot->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

static void tell_why(const struct boot *boot, double silence_s, char *why, size_t size)
{
	if (boot->end == BOOT_SILENT)
		snprintf(why, size, "the machine hung: nothing came of it for %g s", silence_s);
	else if (boot->end == BOOT_RESET)
		snprintf(why, size, "the machine was lost: it reset, and booted again");
	else
		snprintf(why, size, "the machine was lost: it reset or shut down (status %d)",
			 boot->status);
}

/*
 * Whether INIT may tell more of the case that was lost: it needs no gate of the test's. One that hung would have ended at
 * its time limit, but for NMIs that are blocked; more often it is the monitor that hangs, and would again.
 */
static bool is_worth_init(const struct image_log *log, const struct boot *boot,
			  const struct next *next, uint64_t lost)
{
	const char *init = image_log_value(log, "init");

	return init && !strcmp(init, "can end a test, too") && boot->end != BOOT_SILENT &&
	       boot->case_ns >= NMI_MS * CLOCK_NS_PER_MS && !(next->by_init && next->from == lost);
}

int image_boots(char *const *command, const struct image_options *options, struct image_log *log,
		struct error *error)
{
	FILE *copy = options->log ? fopen(options->log, "we") : NULL;
	struct next next = { 0 }, last;
	struct boot boot = { 0 };
	char why[160];
	int boots = 0, barren = 0, err;

	if (options->log && !copy)
		return error_set(error, errno, "%.300s: %s", options->log, strerror(errno));
	for (;;) {
		bool was_running;

		last = next;
		err = boot_once(command, options, &next, log, copy, &boot, error);
		boots++;
		if (err || log->has_ended || log->panic)
			break;
		tell_why(&boot, options->silence_s, why, sizeof(why));
		was_running = log->is_running;
		if (!image_log_lose(log, why, &next.from) || boots == BOOTS_MAX)
			break;
		next.by_init = false;
		if (next.from <= last.from && ++barren == BARREN_MAX) {
			err = error_set(
				error, EPROTO,
				"the machine is lost before its next case, number %llu, starts",
				(unsigned long long)next.from);
			break;
		}
		if (!has_place(command)) {
			err = error_set(error, EINVAL,
					"%s, and the command has no " PLACE " in which to continue",
					why);
			break;
		}
		if (next.from <= last.from) {
			fprintf(stderr,
				"ring0 image: %s, before case number %llu has started; once more\n",
				why, (unsigned long long)next.from);
			continue;
		}
		barren = 0;
		if (was_running && is_worth_init(log, &boot, &last, next.from - 1))
			next = (struct next){ .from = next.from - 1, .by_init = true };
	}
	if (copy && fclose(copy) && !err)
		err = error_set(error, errno, "writing %.300s: %s", options->log, strerror(errno));
	if (err)
		return err;
	if (!log->count && !log->has_ended && !log->panic)
		return error_set(
			error, EPROTO,
			"no image said anything (status %d): is its serial port the command's standard output?",
			boot.status);
	return boots;
}

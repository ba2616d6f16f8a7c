/* SPDX-License-Identifier: MIT */
/*
 * An image in a process of its own, which does what `ring0 boot` does: whatever becomes of it, it takes no other
 * with it. Depends on suite.h, and on boot.h for what it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "command/suite/suite.h"

/* Beyond its time limit, for what has to be said of an image that is at its end. */
#define GRACE_S 120

#define WORDS_MAX 32

/* The command line of `ring0 boot`. */
struct words {
	char *words[WORDS_MAX];
	int count;
	char numbers[4][32];
	char descriptor[32];
};

static void add(struct words *line, const char *word)
{
	line->words[line->count++] = (char *)(uintptr_t)word;
}

static void add_option(struct words *line, const char *option, const char *value)
{
	add(line, option);
	add(line, value);
}

static const char *number(struct words *line, unsigned int which, unsigned long long value,
			  const char *format)
{
	snprintf(line->numbers[which], sizeof(line->numbers[which]), format, value);
	return line->numbers[which];
}

static void make_words(struct words *line, const struct suite_child *child,
		       const struct suite_options *options, const char *environment)
{
	const struct suite_job *job = &child->job;
	const char *protocol = suite_own_protocol(child->image->path);
	const struct suite_machine *machine = &job->machine;

	*line = (struct words){ .count = 0 };
	add(line, "boot");
	add(line, "--test-devices");
	add_option(line, "--cpus", number(line, 0, machine->cpus, "%llu"));
	add_option(line, "--memory", number(line, 1, machine->memory_mib, "%lluM"));
	if (protocol)
		add_option(line, "--protocol", protocol);
	if (machine->cpu)
		add_option(line, "--cpu", machine->cpu);
	if (machine->split_irqchip)
		add_option(line, "--irqchip", "split");
	if (machine->no_pit || machine->iommu)
		add_option(line, "--machine",
			   machine->no_pit && machine->iommu ? "pc,pit=off,iommu=on" :
			   machine->iommu		     ? "pc,iommu=on" :
							       "pc,pit=off");
	if (options->console)
		add_option(line, "--console", options->console);
	if (job->time_limit_ms) {
		snprintf(line->numbers[2], sizeof(line->numbers[2]), "%llu.%03u",
			 (unsigned long long)job->time_limit_ms / 1000,
			 (unsigned int)(job->time_limit_ms % 1000));
		add_option(line, "--timeout", line->numbers[2]);
	}
	if (environment)
		add_option(line, "--env-file", environment);
	if (job->arguments && job->arguments[0])
		add_option(line, "--append", job->arguments);
	if (machine->arguments && machine->arguments[0])
		add_option(line, "--append", machine->arguments);
	if (options->append)
		add_option(line, "--append", options->append);
	add(line, child->image->path);
}

/* A word as a shell takes it. */
static void put_word(struct buffer *text, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_=+,./:@%";
	const char *c;

	if (*word && !word[strspn(word, plain)]) {
		buffer_print(text, " %s", word);
		return;
	}
	buffer_print(text, " '");
	for (c = word; *c; c++)
		buffer_print(text, *c == '\'' ? "'\\''" : "%c", *c);
	buffer_print(text, "'");
}

/* Its environment beside the log, and there the line by which it can be run by hand. */
static void begin_log(struct suite_child *child, const struct suite_options *options)
{
	struct buffer *environment = &child->job.environment;
	char *path = NULL;
	struct buffer text = { 0 };
	struct words line;
	int i;

	if (child->log.fd < 0)
		return;
	if (environment->length) {
		struct suite_log file = { .logs = child->log.logs };

		path = suite_logs_path(child->log.logs, child->image->name, ".env");
		file.path = path ? strdup(path) : NULL;
		file.fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
		suite_log_add(&file, environment->text, environment->length);
		suite_log_close(&file);
	}
	make_words(&line, child, options, path);
	buffer_print(&text, "# ring0");
	for (i = 0; i < line.count; i++)
		put_word(&text, line.words[i]);
	buffer_print(&text, "\n");
	if (text.text)
		suite_log_add(&child->log, text.text, text.length);
	free(text.text);
	free(path);
}

/* In the child, which never comes back. */
static _Noreturn void run(const struct suite_child *child, const struct suite_options *options,
			  int out, int err)
{
	int nothing = open("/dev/null", O_RDONLY), status;
	struct boot_options boot;
	struct words line;
	char path[40];

	/* With whoever waits for it, it has lost its purpose. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0)
		_exit(BOOT_INTERNAL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", child->environment_fd);
	make_words(&line, child, options, child->environment_fd >= 0 ? path : NULL);
	status = boot_options_parse(line.count, line.words, &boot);
	if (!status)
		status = boot_run(&boot, child->result);
	fflush(stderr);
	_exit(status);
}

/* Handlers and mask as a program finds them. */
static void reset_signals(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void end_with(struct suite_child *child, enum suite_ending_how how, const char *what,
		     int err)
{
	child->ending.how = how;
	if (asprintf(&child->message, "%s: %s", what, strerror(err)) < 0)
		child->message = NULL;
	child->ending.message = child->message;
	child->is_done = true;
	child->ended_ns = clock_ns();
}

static int make_environment(struct suite_child *child)
{
	struct buffer *text = &child->job.environment;

	if (!text->length)
		return 0;
	child->environment_fd = memfd_create("environment", MFD_CLOEXEC);
	if (child->environment_fd < 0 ||
	    write(child->environment_fd, text->text, text->length) != (ssize_t)text->length)
		return -1;
	return 0;
}

static int spawn(struct suite_child *child, const struct suite_options *options)
{
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) != 0)
		return -1;
	if (pipe2(err, O_CLOEXEC) != 0) {
		close(out[0]);
		close(out[1]);
		return -1;
	}
	fflush(NULL);
	child->pid = fork();
	if (!child->pid) {
		reset_signals();
		run(child, options, out[1], err[1]);
	}
	close(out[1]);
	close(err[1]);
	child->out_fd = out[0];
	child->err_fd = err[0];
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	return child->pid < 0 ? -1 : 0;
}

static void set_kill_time(struct suite_child *child)
{
	child->kill_ns = UINT64_MAX;
	if (child->job.time_limit_ms)
		child->kill_ns = child->started_ns + child->job.time_limit_ms * CLOCK_NS_PER_MS +
				 GRACE_S * CLOCK_NS_PER_S;
}

void suite_child_start(struct suite_child *child, const struct suite_image *image,
		       const struct suite_options *options, struct suite_logs *logs)
{
	*child = (struct suite_child){
		.image = image,
		.out_fd = -1,
		.err_fd = -1,
		.environment_fd = -1,
		.log = { .logs = logs, .fd = -1 },
		.started_ns = clock_ns(),
	};
	suite_job_prepare(&child->job, image, options);
	suite_results_init(&child->results, options->verbose, child->started_ns);
	child->ending.is_to_shut_down = child->job.is_to_shut_down;
	if (child->job.is_refused) {
		child->is_done = true;
		child->ended_ns = clock_ns();
		return;
	}
	suite_log_open(&child->log, logs, image->name);
	begin_log(child, options);
	child->result = mmap(NULL, sizeof(*child->result), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (child->result == MAP_FAILED) {
		child->result = NULL;
		end_with(child, SUITE_ENDING_ERROR, "mmap", errno);
	} else if (make_environment(child)) {
		end_with(child, SUITE_ENDING_ERROR, "its environment", errno);
	} else if (spawn(child, options)) {
		child->pid = 0;
		end_with(child, SUITE_ENDING_ERROR, "fork", errno);
	}
	set_kill_time(child);
}

/* Returns whether there may be more. */
static bool read_some(struct suite_child *child, int *fd)
{
	char text[16384];
	ssize_t size = read(*fd, text, sizeof(text));

	if (size < 0 && errno == EINTR)
		return true;
	if (size < 0 && errno == EAGAIN)
		return false;
	if (size <= 0) {
		close(*fd);
		*fd = -1;
		return false;
	}
	suite_log_add(&child->log, text, (size_t)size);
	if (fd == &child->out_fd)
		suite_results_add(&child->results, text, (size_t)size, clock_ns());
	else
		buffer_add(&child->errors, text, (size_t)size);
	return true;
}

void suite_child_read(struct suite_child *child, int *fd)
{
	read_some(child, fd);
}

/* What is left in a pipe whose writer is gone, but not what one may write who took it along. */
static void drain(struct suite_child *child, int *fd)
{
	while (*fd >= 0 && read_some(child, fd))
		;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The line that says what ended it is the last that has the command's name in front; a report follows. */
static void take_message(struct suite_child *child)
{
	static const char begin[] = "ring0 boot: ";
	const char *text = child->errors.text ? child->errors.text : "", *line = text, *last = NULL;
	const char *name = strrchr(child->image->path, '/');
	size_t length;

	name = name ? name + 1 : child->image->path;
	for (; line && *line; line = strchr(line, '\n'), line += line != NULL)
		if (!strncmp(line, begin, strlen(begin)))
			last = line;
	if (!last)
		return;
	last += strlen(begin);
	if (!strncmp(last, name, strlen(name)) && !strncmp(last + strlen(name), ": ", 2))
		last += strlen(name) + 2;
	length = strcspn(last, "\n");
	child->message = strndup(last, length);
	child->ending.message = child->message;
	if (last[length] && last[length + 1])
		child->report = strdup(last + length + 1);
}

static enum suite_ending_how how_of(enum r0_vm_end end)
{
	switch (end) {
	case R0_VM_POWER_OFF:
		return SUITE_ENDING_POWER_OFF;
	case R0_VM_STATUS:
		return SUITE_ENDING_STATUS;
	case R0_VM_TRIPLE_FAULT:
		return SUITE_ENDING_SHUT_DOWN;
	case R0_VM_FATAL:
		return SUITE_ENDING_GAVE_UP;
	case R0_VM_TIME_LIMIT:
		return SUITE_ENDING_TIME_LIMIT;
	case R0_VM_RESET:
		return SUITE_ENDING_RESETS;
	case R0_VM_HALTED:
	case R0_VM_SLEEP:
		return SUITE_ENDING_HALTED;
	case R0_VM_KILLED:
		break;
	}
	return SUITE_ENDING_ERROR;
}

/* It never came to an end of the guest's. */
static enum suite_ending_how how_of_status(int status)
{
	switch (status) {
	case BOOT_USAGE:
	case BOOT_NO_KVM:
		return SUITE_ENDING_NOT_HERE;
	case BOOT_LIMIT:
		return SUITE_ENDING_TIME_LIMIT;
	case BOOT_HALTED:
		return SUITE_ENDING_HALTED;
	default:
		return SUITE_ENDING_ERROR;
	}
}

static void say(struct suite_child *child, const char *format, int value, const char *name)
{
	free(child->message);
	if (asprintf(&child->message, format, value, name) < 0)
		child->message = NULL;
	child->ending.message = child->message;
}

static void conclude(struct suite_child *child, int status)
{
	const struct boot_result *result = child->result;

	take_message(child);
	if (child->was_killed) {
		child->ending.how = SUITE_ENDING_ERROR;
		say(child,
		    "`ring0 boot` was still there %d s after its time limit, and was killed%s",
		    GRACE_S, "");
	} else if (WIFSIGNALED(status)) {
		child->ending.how = SUITE_ENDING_ERROR;
		say(child, "`ring0 boot` was killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	} else if (result->is_ended) {
		child->ending.how = how_of(result->end);
		child->ending.status = result->guest_status;
	} else {
		child->ending.how = how_of_status(WEXITSTATUS(status));
		/* What there is instead is for who typed it, not for each of many tests. */
		if (WEXITSTATUS(status) == BOOT_USAGE && child->message)
			child->message[strcspn(child->message, ";")] = '\0';
		if (!child->message)
			say(child, "`ring0 boot` ended with status %d%s", WEXITSTATUS(status), "");
	}
}

void suite_child_reap(struct suite_child *child)
{
	int status;

	if (!child->pid || waitpid(child->pid, &status, WNOHANG) != child->pid)
		return;
	child->pid = 0;
	drain(child, &child->out_fd);
	drain(child, &child->err_fd);
	child->ended_ns = clock_ns();
	suite_results_end(&child->results, child->ended_ns);
	conclude(child, status);
	suite_log_close(&child->log);
	child->is_done = true;
}

void suite_child_kill(struct suite_child *child)
{
	if (child->pid) {
		kill(child->pid, SIGKILL);
		child->was_killed = true;
	}
}

void suite_child_finish(struct suite_child *child)
{
	if (child->pid) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	if (child->out_fd >= 0)
		close(child->out_fd);
	if (child->err_fd >= 0)
		close(child->err_fd);
	if (child->environment_fd >= 0)
		close(child->environment_fd);
	if (child->result)
		munmap(child->result, sizeof(*child->result));
	suite_log_close(&child->log);
	suite_job_finish(&child->job);
	suite_results_finish(&child->results);
	free(child->errors.text);
	free(child->message);
	free(child->report);
	*child = (struct suite_child){ .out_fd = -1, .err_fd = -1, .environment_fd = -1 };
	child->log.fd = -1;
}

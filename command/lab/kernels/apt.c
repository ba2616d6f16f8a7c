/* SPDX-License-Identifier: MIT */
/*
 * apt's and dpkg's commands, run in a directory with lists and state of their own, for the wanted
 * architecture: nothing of the system changes, and no root is needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/lab/kernels/apt.h"
#include "command/lab/error.h"
#include "command/lab/signals.h"
#include "command/lab/strings.h"

#define PROGRESS_MS 200

char *lab_apt_said(const struct lab_apt *apt, const char *text)
{
	FILE *log = fopen(apt->log, "re");
	char line[1024], *said = NULL;

	while (log && fgets(line, sizeof(line), log)) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line || (text && !strstr(line, text)))
			continue;
		free(said);
		said = lab_format("%s", line);
		if (text)
			break;
	}
	if (log)
		fclose(log);
	return said;
}

/* In the child: never returns. */
static void __attribute__((noreturn))
execute(const struct lab_apt *apt, const char *const *argv, int output)
{
	char *config = lab_format("%s/apt.conf", apt->directory);
	int log = open(apt->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, 0);
	dup2(output >= 0 ? output : log, 1);
	dup2(log, 2);
	setenv("LC_ALL", "C", 1);
	if (access(config, R_OK) == 0)
		setenv("APT_CONFIG", config, 1);
	if (chdir(apt->directory) == 0)
		execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/*
 * apt does not wait for its own helpers when it is told to end: as the reaper of orphans, see to it
 * that none is left of a command's process group.
 */
static void end_group(pid_t group)
{
	kill(-group, SIGKILL);
	while (waitpid(-group, NULL, 0) > 0 || errno == EINTR)
		;
}

/* How much of what is awaited has come, on a terminal. */
static void show_progress(const struct lab_apt *apt)
{
	char *pattern = lab_format("%s/*.deb", apt->directory);
	struct lab_strings names = { 0 };
	uint64_t size = 0;

	lab_glob(pattern, &names);
	free(pattern);
	for (size_t i = 0; i < names.count; i++) {
		struct stat file;

		if (stat(names.items[i], &file) == 0)
			size += (uint64_t)file.st_size;
	}
	lab_strings_finish(&names);
	fprintf(stderr, "\rring0 lab: %.1f of %.1f MB", (double)size / 1e6,
		(double)apt->awaited / 1e6);
}

/* Until the process ends, or a signal ends the lab. */
static void attend(const struct lab_apt *apt, int process, pid_t group)
{
	struct pollfd fds[] = { { .fd = process, .events = POLLIN },
				{ .fd = lab_signals, .events = POLLIN } };
	bool shows = (apt->awaited || apt->show) && isatty(2);
	int ready;

	do {
		ready = poll(fds, 2, shows ? PROGRESS_MS : -1);
		if (shows)
			(apt->show ? apt->show : show_progress)(apt);
	} while (ready == 0 || (ready < 0 && errno == EINTR));
	if (shows)
		fprintf(stderr, "\r\033[K");
	if (fds[1].revents) {
		lab_signal = lab_take_signal();
		kill(-group, SIGTERM);
	}
}

int lab_apt_run(const struct lab_apt *apt, const char *output, const char *const *argv)
{
	char *path = output ? lab_format("%s/%s", apt->directory, output) : NULL;
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	int status = 127 << 8, process;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		execute(apt, argv, fd);
	/* Here as in the child, so that the group is there whoever comes first. */
	if (pid > 0)
		setpgid(pid, pid);
	process = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (process >= 0) {
		attend(apt, process, pid);
		close(process);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0)
		end_group(pid);
	if (fd >= 0)
		close(fd);
	free(path);
	return status;
}

/*
 * Of the system's configuration only what tells which archives there are and how they are reached
 * (sources, keys, proxies), so that no hook of it runs.
 */
static bool is_taken_over(const char *line)
{
	return (!strncmp(line, "Acquire::", 9) && strncmp(line, "Acquire::IndexTargets", 21)) ||
	       !strncmp(line, "Dir \"", 5) || !strncmp(line, "Dir::Etc", 8);
}

/* Write the configuration, from what `apt-config dump` has said. -errno. */
static int write_configuration(const struct lab_apt *apt)
{
	const char *debian = apt->architecture->debian, *directory = apt->directory;
	char *from = lab_format("%s/dump", directory), *to = lab_format("%s/apt.conf", directory);
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");
	int err = in && out ? 0 : -errno;
	char line[4096];

	while (in && out && fgets(line, sizeof(line), in))
		if (is_taken_over(line))
			fputs(line, out);
	if (out)
		fprintf(out,
			"APT::Architecture \"%s\";\nAPT::Architectures { \"%s\"; };\n"
			"APT::Sandbox::User \"root\";\nAPT::Get::AllowUnauthenticated \"false\";\n"
			"Acquire::AllowInsecureRepositories \"false\";\n"
			"Acquire::Languages \"none\";\nAcquire::Retries \"2\";\n"
			"Dir::Etc::Parts \"%s/empty\";\nDir::Etc::main \"/dev/null\";\n"
			"Dir::State \"%s\";\nDir::State::Lists \"%s/lists\";\n"
			"Dir::State::status \"%s/status\";\nDir::Cache \"%s\";\n"
			"Dir::Cache::archives \"%s/archives\";\nDir::Log \"%s\";\n",
			debian, debian, directory, directory, directory, directory, directory,
			directory, directory);
	if (in)
		fclose(in);
	if (out && fclose(out) && !err)
		err = -errno;
	free(from);
	free(to);
	return err;
}

int lab_apt_configure(struct lab_apt *apt)
{
	const char *const dump[] = { "apt-config", "dump", NULL };
	const char *const directories[] = { "lists", "archives", "empty" };
	char *path;
	FILE *file;
	int err;

	if (lab_apt_run(apt, "dump", dump)) {
		if (lab_signal)
			return 128 + lab_signal;
		return lab_error(
			LAB_NO_KERNEL,
			"fetching a kernel needs apt, which is not there: name a kernel with "
			"--kernel or RING0_LAB_KERNEL, with its modules in "
			"../lib/modules/VERSION");
	}
	err = write_configuration(apt);
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories) && !err; i++) {
		path = lab_format("%s/%s", apt->directory, directories[i]);
		err = mkdir(path, 0700) ? -errno : 0;
		free(path);
	}
	path = lab_format("%s/status", apt->directory);
	file = err ? NULL : fopen(path, "we");
	if (!err && (!file || fclose(file)))
		err = -errno;
	free(path);
	return err ? lab_error(LAB_DISK, "writing in %s: %s", apt->directory, strerror(-err)) : 0;
}

/* "a, b (= 1), c | d": the names, and of alternatives the first. */
static void add_dependencies(const char *text, struct lab_strings *depends)
{
	while (*text) {
		size_t length = strcspn(text, " ,|(\n");

		if (length) {
			char *name = lab_format("%.*s", (int)length, text);

			lab_strings_add(depends, name);
			free(name);
		}
		text += strcspn(text, ",");
		text += strspn(text, ", ");
	}
}

bool lab_apt_show(const struct lab_apt *apt, const char *package, struct lab_strings *depends,
		  uint64_t *size)
{
	const char *const show[] = { "apt-cache", "show", "--no-all-versions", package, NULL };
	bool known = lab_apt_run(apt, "show", show) == 0 && !lab_signal, found = false;
	char *path = lab_format("%s/show", apt->directory), *line = NULL;
	FILE *file = known ? fopen(path, "re") : NULL;
	size_t room = 0;

	*size = 0;
	while (file && getline(&line, &room, file) >= 0) {
		found = found || !strncmp(line, "Package: ", 9);
		if (!strncmp(line, "Depends: ", 9))
			add_dependencies(line + 9, depends);
		if (!strncmp(line, "Size: ", 6))
			*size = strtoull(line + 6, NULL, 10);
	}
	if (file)
		fclose(file);
	free(line);
	free(path);
	return found;
}

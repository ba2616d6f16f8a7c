/* SPDX-License-Identifier: MIT */
/* Processes of this program: an engine's, that looks; one that makes a finding smaller; and one that runs it as a case. */
#include "runner/fuzz/fuzz.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "report/report.h"
#include "runner/fuzz/corpus.h"
#include "runner/fuzz/engine.h"
#include "runner/workers/folders.h"

/* A finding is made smaller so often at most, each time by so many executions. */
#define SMALLER_STEPS 32
#define SMALLER_RUNS  "-runs=2000"

#define WORDS 12

/* A test that is fuzzed. */
struct target {
	const char *name;
	char *folder;
	char work[64]; /* a folder of its own */
};

/*
 * Run this program with these words; `output` takes its standard output if it is not NULL, and its standard error, too, if
 * it is to be `silent`. Returns its status, or -errno.
 */
static int run(const char *engine, const char *const *words, const char *output, bool silent)
{
	char *argv[WORDS + 2];
	int status;
	size_t i;
	pid_t pid;

	argv[0] = program_invocation_name;
	for (i = 0; i < WORDS && words[i]; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	argv[i + 1] = NULL;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		if (engine)
			setenv(ENGINE_VARIABLE, engine, 1);
		if (output && !freopen(output, "we", stdout))
			_exit(EXIT_STATUS_ERROR);
		if (output)
			fcntl(STDOUT_FILENO, F_SETFD, 0);
		if (silent)
			dup2(STDOUT_FILENO, STDERR_FILENO);
		execv("/proc/self/exe", argv);
		_exit(EXIT_STATUS_ERROR);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_STATUS_SIGNAL + WTERMSIG(status);
}

/* The first file of a folder whose name begins so: for free(), or NULL. */
static char *find_file(const char *folder, const char *start)
{
	DIR *there = opendir(folder);
	const struct dirent *entry;
	char *path = NULL;

	while (there && !path && (entry = readdir(there)))
		if (!strncmp(entry->d_name, start, strlen(start)) &&
		    asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
			path = NULL;
	if (there)
		closedir(there);
	return path;
}

static void remove_folder(const char *folder)
{
	char *path;

	while ((path = find_file(folder, "f-"))) {
		unlink(path);
		free(path);
	}
	rmdir(folder);
}

/* Into another file system, too. */
static int copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), err = 0;
	int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	char bytes[4096];
	ssize_t got;

	if (out < 0)
		err = -errno;
	while (!err && (got = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)got) != got)
			err = -(errno ? errno : EIO);
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) && !err)
		err = -errno;
	return err;
}

static char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *format_text(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return text;
}

/*
 * A smaller input that fails the test, too, if there is one: for free(), or NULL. -minimize_crash does the same by means of a
 * shell, which a lab does not have.
 */
static char *make_smaller(const struct target *target, const char *finding)
{
	char *smaller = NULL;
	int step;

	for (step = 0; step < SMALLER_STEPS; step++) {
		char *path = format_text("%s/f-smaller-%d", target->work, step);
		char *artifact = path ? format_text("-exact_artifact_path=%s", path) : NULL;
		const char *words[] = {
			"-minimize_crash_internal_step=1", SMALLER_RUNS, "-timeout=3600", artifact,
			smaller ? smaller : finding,	   NULL
		};
		bool found = artifact && run(target->name, words, "/dev/null", true) &&
			     !access(path, R_OK);

		free(artifact);
		if (!found) {
			free(path);
			break;
		}
		free(smaller);
		smaller = path;
	}
	return smaller;
}

/* Among the inputs, by the name that the engine has given it. Returns 0 or -errno. */
static int save(const struct target *target, const char *finding, const char *as, char **saved)
{
	const char *name = strrchr(as, '/') + 1 + strlen("f-");

	*saved = format_text("%s/%s", target->folder, name);
	return *saved ? copy_file(finding, *saved) : -ENOMEM;
}

/* As the case that it is from now on, in a machine of its own. */
static void confirm(const struct target *target, const char *saved)
{
	char *pattern = format_text("%s[%s]", target->name, strrchr(saved, '/') + 1);
	char *report = format_text("%s.report", saved);
	const char *words[] = { "--fresh-vm", "--format", "pretty", pattern, NULL };
	char line[4096];
	FILE *text;
	int status = pattern && report ? run(NULL, words, report, false) : -ENOMEM;

	printf("%s: found %s, which is %s\n", target->name, saved,
	       status == EXIT_STATUS_FAILED ? "a case from now on; its report:" :
					      "not repeatable alone; the report of one run:");
	text = report ? fopen(report, "re") : NULL;
	while (text && fgets(line, sizeof(line), text))
		printf("  %s", line);
	if (text)
		fclose(text);
	free(pattern);
	free(report);
}

static int take_finding(const struct target *target, const char *finding, struct error *error)
{
	char *smaller = make_smaller(target, finding), *saved = NULL;
	int err = save(target, smaller ? smaller : finding, finding, &saved);

	if (err)
		error_set(error, -err, "--fuzz: saving a finding of %.100s in %.200s: %s",
			  target->name, target->folder, strerror(-err));
	else
		confirm(target, saved);
	free(smaller);
	free(saved);
	return err;
}

/* Returns an exit status. */
static int fuzz_target(struct target *target, unsigned int seconds, struct error *error)
{
	char *prefix = format_text("-artifact_prefix=%s/f-", target->work);
	char *time = format_text("-max_total_time=%u", seconds);
	char *found = format_text("-error_exitcode=%d", ENGINE_FOUND);
	const char *seed = getenv("R0_FUZZ_SEED");
	char *start = format_text("-seed=%s", seed && seed[0] ? seed : "0");
	const char *words[] = { prefix,		 time,
				found,		 start,
				"-timeout=3600", "-print_final_stats=1",
				target->folder,	 NULL };
	int status = prefix && time && found && start ? run(target->name, words, NULL, false) :
							-ENOMEM;
	char *finding = find_file(target->work, "f-");

	if (finding)
		status = take_finding(target, finding, error) ? EXIT_STATUS_ERROR :
								EXIT_STATUS_FAILED;
	else if (status)
		error_set(error, EIO, "--fuzz: the engine ended with status %d at %.100s", status,
			  target->name);
	free(finding);
	free(prefix);
	free(time);
	free(found);
	free(start);
	return status == EXIT_STATUS_PASSED || status == EXIT_STATUS_FAILED ? status :
									      EXIT_STATUS_ERROR;
}

static int fuzz_test(const struct r0_test *test, unsigned int seconds, struct error *error)
{
	char *name = format_text("%s.%s", test->suite, test->name);
	const char *scratch = getenv("TMPDIR");
	struct target target = { .name = name, .folder = corpus_folder(test) };
	int status = EXIT_STATUS_ERROR, err;

	snprintf(target.work, sizeof(target.work), "%.30s/ring0-fuzz-XXXXXX",
		 scratch && scratch[0] && strlen(scratch) < 30 ? scratch : "/tmp");
	err = name && target.folder ? folders_make(target.folder) : -ENOMEM;
	if (err)
		error_set(error, -err, "--fuzz: making the folder %.300s: %s",
			  target.folder ? target.folder : "", strerror(-err));
	else if (!mkdtemp(target.work))
		error_set(error, errno, "--fuzz: making a folder in %.100s: %s", target.work,
			  strerror(errno));
	else
		status = fuzz_target(&target, seconds, error);
	remove_folder(target.work);
	free(target.folder);
	free(name);
	return status;
}

int fuzz(const struct plan *plan, unsigned int seconds, struct error *error)
{
	const struct r0_test *last = NULL;
	int status = EXIT_STATUS_PASSED, one;
	bool any = false;
	size_t i;

	for (i = 0; i < plan->count && status != EXIT_STATUS_ERROR; i++) {
		const struct r0_test *test = plan->cases[i].test;

		if (!test->fuzz || test == last)
			continue;
		last = test;
		any = true;
		one = fuzz_test(test, seconds, error);
		status = one > status ? one : status;
	}
	if (any)
		return status;
	error_set(error, EINVAL, "--fuzz: no test of R0_FUZZ() is selected");
	return EXIT_STATUS_ERROR;
}

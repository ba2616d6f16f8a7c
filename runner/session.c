/* SPDX-License-Identifier: MIT */
/*
 * r0_main(): from the command line and the tests that are linked into the program to an exit
 * status. Knows nothing of KVM but whether there is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "image/image.h"
#include "machine/machine.h"
#include "mock/guard.h"
#include "report/list.h"
#include "runner/cli/cli.h"
#include "runner/cli/cli_environment.h"
#include "runner/cli/cli_options.h"
#include "runner/cli/image_words.h"
#include "runner/cli/linked_tests.h"
#include "runner/coverage_report.h"
#include "runner/fuzz/afl_commands.h"
#include "runner/fuzz/corpus.h"
#include "runner/fuzz/engine.h"
#include "runner/fuzz/fuzz.h"
#include "runner/lab_exec.h"
#include "runner/reported_run.h"
#include "runner/session_complaint.h"
#include "runner/workers/fresh.h"

#ifndef R0_VERSION
#define R0_VERSION "of an unknown version"
#endif

/*
 * A closed standard descriptor would be taken by the next file opened, /dev/kvm perhaps, and the
 * report written there. Returns whether standard output was open.
 */
static bool occupy_standard_descriptors(void)
{
	bool open_output = fcntl(STDOUT_FILENO, F_GETFD) != -1;
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) == -1)
			break;
	return open_output;
}

static enum exit_status list(const struct cli *cli, const struct plan *plan)
{
	const char *name = cli->output ? cli->output : "standard output";
	FILE *out = cli->output ? fopen(cli->output, "we") : stdout;
	int err = 0;
	size_t i;

	if (!out)
		return session_write_error(name, errno);
	for (i = 0; i < plan->count; i++) {
		if (cli->list == CLI_LIST_JSON)
			report_list_json(out, &plan->cases[i]);
		else
			report_list_text(out, &plan->cases[i], cli->verbose);
	}
	errno = 0;
	if (fflush(out) || ferror(out))
		err = errno ? errno : EIO;
	if (cli->output && fclose(out) && !err)
		err = errno;
	return err ? session_write_error(name, err) : EXIT_STATUS_PASSED;
}

/* Bazel takes a program that does not touch this file for one that knows nothing of shards. */
static int touch_status_file(const char *name, struct error *error)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0 || futimens(fd, NULL)) {
		error_set(error, errno, "TEST_SHARD_STATUS_FILE: touching %.200s: %s", name,
			  strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

/* Whether something is to be written to a standard output that is not open. */
static bool needs_output(const struct cli *cli)
{
	size_t i;

	if (cli->list)
		return !cli->output;
	for (i = 0; i < cli->report_count; i++)
		if (!cli->reports[i].file)
			return true;
	return false;
}

/* The program as an image, its command line being that of the image. */
static enum exit_status write_image(const struct cli *cli, struct error *error)
{
	char *words;
	int err = image_words(cli, &words, error);

	if (!err) {
		const struct image_wish wish = { .words = words, .packed = cli->pack };

		err = image_write(cli->image, &wish, error);
		free(words);
	}
	/* Otherwise the program that was started for it has said why. */
	if (err && error->text[0])
		session_complain(error->text);
	return err ? EXIT_STATUS_ERROR : EXIT_STATUS_PASSED;
}

/* In a program that was started for an image of itself: all its cases. */
static enum exit_status become_image(struct error *error)
{
	const struct plan_selection all = { .all = true };
	const struct r0_test **tests = NULL;
	struct corpus corpus = { 0 };
	struct plan plan = { 0 };
	size_t count;
	int err = linked_tests_collect(&tests, &count, error);

	if (!err)
		err = corpus_init(&corpus, tests, count, error);
	if (!err)
		err = plan_init(&plan, tests, count, &all, error);
	if (!err)
		err = image_hand_over(&plan, error);
	if (err)
		session_complain(error->text);
	plan_finish(&plan);
	corpus_finish(&corpus);
	free(tests);
	return err ? EXIT_STATUS_ERROR : EXIT_STATUS_PASSED;
}

/* In a process that fuzz() started: the engine's command line is ours. */
static enum exit_status become_engine(const char *name, int argc, char **argv, struct error *error)
{
	const struct r0_test **tests = NULL, *test = NULL;
	size_t count, i;
	int status = EXIT_STATUS_ERROR;

	if (linked_tests_collect(&tests, &count, error)) {
		session_complain(error->text);
		return EXIT_STATUS_ERROR;
	}
	for (i = 0; i < count && !test; i++) {
		const char *dot = name + strlen(tests[i]->suite);

		if (tests[i]->fuzz && !strncmp(name, tests[i]->suite, strlen(tests[i]->suite)) &&
		    *dot == '.' && !strcmp(dot + 1, tests[i]->name))
			test = tests[i];
	}
	if (test) {
		status = engine_run(test, argc, argv);
	} else {
		error_set(error, EINVAL,
			  ENGINE_VARIABLE "=%.100s: there is no test of R0_FUZZ() of that name",
			  name);
		session_complain(error->text);
	}
	free(tests);
	return (enum exit_status)status;
}

/* Whether the program has tests with inputs, and there are some. */
static bool corpus_is_there(void)
{
	const struct r0_test **tests = NULL;
	struct error error = { "" };
	struct stat status;
	size_t count, i;
	bool fuzzed = false;

	if (!linked_tests_collect(&tests, &count, &error))
		for (i = 0; i < count; i++)
			fuzzed |= tests[i]->fuzz != NULL;
	free(tests);
	return fuzzed && stat(corpus_root(), &status) == 0;
}

static enum exit_status look_for_inputs(const struct cli *cli, const struct plan *plan,
					struct error *error)
{
	struct kvm *kvm;
	int status;

	if (!engine_is_there(error)) {
		session_complain(error->text);
		return EXIT_STATUS_ERROR;
	}
	status = kvm_create(&kvm, error);
	if (template_error_is_no_kvm(status)) {
		session_complain(error->text);
		return (enum exit_status)cli->skip_status;
	}
	if (!status)
		kvm_destroy(kvm);
	error->text[0] = '\0';
	status = fuzz(plan, cli->fuzz_seconds, error);

	if (error->text[0])
		session_complain(error->text);
	return (enum exit_status)status;
}

static enum exit_status plan_and_run(const struct cli *cli, char **argv, struct fresh *fresh,
				     bool open_output, struct error *error)
{
	struct plan_selection selection = cli->selection;
	const struct r0_test **tests = NULL;
	enum exit_status status = EXIT_STATUS_ERROR;
	struct corpus corpus = { 0 };
	struct plan plan = { 0 };
	size_t count;

	if (cli->list)
		selection.repeat = 1;
	if ((cli->shard_status_file && touch_status_file(cli->shard_status_file, error)) ||
	    linked_tests_collect(&tests, &count, error) ||
	    corpus_init(&corpus, tests, count, error) ||
	    plan_init(&plan, tests, count, &selection, error))
		session_complain(error->text);
	else if (!open_output && needs_output(cli))
		status = session_write_error("standard output", EBADF);
	else if (cli->image)
		status = write_image(cli, error);
	else if (cli->list)
		status = list(cli, &plan);
	else if (cli->fuzz)
		status = look_for_inputs(cli, &plan, error);
	else
		status = reported_run(cli, &plan, fresh, argv);
	plan_finish(&plan);
	corpus_finish(&corpus);
	free(tests);
	return status;
}

/* Whether to run in the lab: as asked for, or for want of a KVM. Not if this is the lab. */
static bool wants_lab(const struct cli *cli)
{
	const char *lab = cli_variable("RING0_LAB");
	struct kvm *kvm;
	int err;

	if (cli->list || cli->image || (lab && strcmp(lab, "inside") == 0))
		return false;
	if (cli->lab || !lab || strcmp(lab, "auto") != 0)
		return cli->lab;
	err = kvm_create(&kvm, NULL);
	if (!err)
		kvm_destroy(kvm);
	return template_error_is_no_kvm(err);
}

/* Go to the lab, with the reports' files and what is found to come back. Returns only if that fails. */
static enum exit_status run_in_lab(const struct cli *cli, int argc, char **argv)
{
	const char *files[CLI_REPORTS_MAX + 2] = { NULL }, *along[3 + AFL_FILES] = { NULL };
	char *commands[AFL_FILES] = { NULL };
	size_t count = 0, count_along = 0, i;
	char inputs[PATH_MAX];

	for (i = 0; i < cli->report_count; i++)
		if (cli->reports[i].file && !cli_report_is_stream(&cli->reports[i]))
			files[count++] = cli->reports[i].file;
	if (cli->compare)
		along[count_along++] = cli->compare;
	if (corpus_is_there())
		along[count_along++] = corpus_root();
	if (cli->fuzz && engine_is_afl())
		afl_commands_files(commands);
	for (i = 0; i < AFL_FILES && commands[i]; i++)
		along[count_along++] = commands[i];
	snprintf(inputs, sizeof(inputs), "%s/", corpus_root());
	if (cli->fuzz)
		files[count++] = inputs;
	lab_exec(argc, argv, along, files, cli->fuzz);
	for (i = 0; i < AFL_FILES; i++)
		free(commands[i]);
	return EXIT_STATUS_ERROR;
}

/* The same with something to do afterwards, on this side. A SIGINT is the lab's. */
static enum exit_status run_in_lab_and_return(const struct cli *cli, int argc, char **argv)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, previous;
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		_exit(run_in_lab(cli, argc, argv));
	}
	if (pid < 0)
		return session_write_error("a process for the lab", errno);
	sigaction(SIGINT, &ignore, &previous);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &previous, NULL);
	return (enum exit_status)(WIFEXITED(status) ? WEXITSTATUS(status) :
						      EXIT_STATUS_SIGNAL + WTERMSIG(status));
}

/* --help and --version. */
static enum exit_status show_text(const struct cli *cli)
{
	/* It is longer than a buffer: an error may come before the end. */
	errno = 0;
	if (cli->help)
		cli_put_help(stdout, program_invocation_short_name);
	else
		printf("%s (ring0 %s)\n", program_invocation_short_name, R0_VERSION);
	if (fflush(stdout) || ferror(stdout))
		return session_write_error("standard output", errno ? errno : EIO);
	return EXIT_STATUS_PASSED;
}

int r0_main(int argc, char **argv)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	bool open_output = occupy_standard_descriptors();
	struct sigaction previous_pipe, previous_limit;
	struct error error = { "" };
	enum exit_status status;
	struct fresh fresh;
	struct cli cli;

	if (engine_wanted())
		return (int)become_engine(engine_wanted(), argc, argv, &error);
	if (image_is_wanted())
		return (int)become_image(&error);
	fresh_init(&fresh);
	if (cli_parse(&cli, argc, argv, &error)) {
		session_complain(error.text);
		cli_finish(&cli);
		return EXIT_STATUS_ERROR;
	}
	/* Whatever it was made of, the order is that of the process before. */
	if (fresh.left)
		cli.selection.seed = fresh.seed;
	if (!cli.help && !cli.version && cli.gdb && wants_lab(&cli)) {
		session_complain(
			"--gdb: the lab's machine is out of gdb's reach: start gdb in it, by `ring0 lab "
			"--file`, with --gdb=- (man ring0-test)");
		cli_finish(&cli);
		return EXIT_STATUS_ERROR;
	}
	if (!cli.help && !cli.version && wants_lab(&cli)) {
		if (coverage_report_is_wanted(&cli))
			status = coverage_report(&cli, run_in_lab_and_return(&cli, argc, argv));
		else
			status = run_in_lab(&cli, argc, argv);
		cli_finish(&cli);
		return status;
	}
	/* A reader that goes away, or a file too large, is a write error, not a silent death. */
	sigaction(SIGPIPE, &ignore, &previous_pipe);
	sigaction(SIGXFSZ, &ignore, &previous_limit);
	status = cli.help || cli.version ? show_text(&cli) :
					   plan_and_run(&cli, argv, &fresh, open_output, &error);
	if (coverage_report_is_wanted(&cli))
		status = coverage_report(&cli, status);
	cli_finish(&cli);
	fresh_finish(&fresh);
	fflush(stdout);
	sigaction(SIGPIPE, &previous_pipe, NULL);
	sigaction(SIGXFSZ, &previous_limit, NULL);
	/* A mock is in exit(), where its thread waits: the program goes on there, not behind r0_main(). */
	if (guard_has_exited())
		guard_exit((int)status);
	return status;
}

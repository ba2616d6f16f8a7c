/* SPDX-License-Identifier: MIT */
/* Processes of this program: an engine's, that looks; one that makes a finding smaller; and one that runs it as a case. */
#include "runner/fuzz/fuzz.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "report/report.h"
#include "runner/fuzz/afl_commands.h"
#include "runner/fuzz/corpus.h"
#include "runner/fuzz/engine.h"
#include "runner/fuzz/start_program.h"
#include "runner/workers/end_signals.h"
#include "runner/workers/folders.h"

/* A finding is made smaller so often at most, each time by so many executions. */
#define SMALLER_STEPS 32
#define SMALLER_RUNS  "-runs=2000"

#define WORDS 12

/* A test that is fuzzed. */
struct target {
	const char *name;
	char *setting; /* of an engine's environment */
	char *folder;
	char work[64];	 /* a folder of its own */
	bool keeps_work; /* something in it could not be saved */
	unsigned int seconds;
	const char *seed;
};

/* This program with these words, as an engine if `setting` says of which test. Returns as start_program(). */
static int run(const char *setting, const char *const *words, const char *output, bool silent)
{
	const char *settings[] = { setting, NULL };
	const char *all[WORDS + 2] = { program_invocation_name };
	size_t i;

	for (i = 0; i < WORDS && words[i]; i++)
		all[i + 1] = words[i];
	return start_program(&(struct start_program){ .path = "/proc/self/exe",
						      .words = all,
						      .settings = settings,
						      .output = output,
						      .silent = silent });
}

/* The first file of a folder whose name begins so: for free(), or NULL. */
static char *find_file(const char *folder, const char *start)
{
	DIR *there = opendir(folder);
	const struct dirent *entry;
	char *path = NULL;

	while (there && !path && (entry = readdir(there)))
		if (!strncmp(entry->d_name, start, strlen(start)))
			path = start_program_format("%s/%s", folder, entry->d_name);
	if (there)
		closedir(there);
	return path;
}

/*
 * A smaller input that fails the test, too, if there is one: for free(), or NULL. -minimize_crash does the same by means of a
 * shell, which a lab does not have.
 */
static char *make_smaller_by_libfuzzer(const struct target *target, const char *finding)
{
	char *smaller = NULL;
	int step;

	for (step = 0; step < SMALLER_STEPS; step++) {
		char *path = start_program_format("%s/f-smaller-%d", target->work, step);
		char *artifact = path ? start_program_format("-exact_artifact_path=%s", path) :
					NULL;
		const char *words[] = {
			"-minimize_crash_internal_step=1", SMALLER_RUNS, "-timeout=3600", artifact,
			smaller ? smaller : finding,	   NULL
		};
		bool found = artifact && run(target->setting, words, "/dev/null", true) &&
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
static int save(const struct target *target, const char *finding, const char *name, char **saved)
{
	*saved = start_program_format("%s/%s", target->folder, name);
	return *saved ? folders_copy_file(finding, *saved) : -ENOMEM;
}

/* As the case that it is from now on, in a machine of its own. Returns whether it fails. */
static bool confirm(const struct target *target, const char *saved, const char *report)
{
	char *pattern = start_program_format("%s[%s]", target->name, strrchr(saved, '/') + 1);
	const char *words[] = { "--fresh-vm", "--format", "pretty", pattern, NULL };
	int status = pattern ? run(NULL, words, report, false) : -ENOMEM;

	free(pattern);
	return status == EXIT_STATUS_FAILED;
}

static void tell(const struct target *target, const char *saved, const char *report, bool fails)
{
	FILE *text = fopen(report, "re");
	char line[4096];

	printf("%s: found %s, which is %s\n", target->name, saved,
	       fails ? "a case from now on; its report:" :
		       "not repeatable alone; the report of one run:");
	while (text && fgets(line, sizeof(line), text))
		printf("  %s", line);
	if (text)
		fclose(text);
}

/* Save it and run it: one that is made smaller is dropped if it does not fail alone. Returns 1 if so, 0 or -errno. */
static int try_finding(const struct target *target, const char *finding, const char *name,
		       bool is_smaller)
{
	char *saved = NULL, *report = NULL;
	int err = save(target, finding, name, &saved);
	bool fails;

	if (!err) {
		report = start_program_format("%s.report", saved);
		err = report ? 0 : -ENOMEM;
	}
	if (!err) {
		fails = confirm(target, saved, report);
		if (fails || !is_smaller) {
			tell(target, saved, report, fails);
		} else {
			unlink(saved);
			unlink(report);
			err = 1;
		}
	}
	free(report);
	free(saved);
	return err;
}

/* A smaller one instead, if there is one that fails. Returns an exit status. */
static int take_finding(struct target *target, const char *finding, const char *smaller,
			const char *name, struct error *error)
{
	int err = smaller ? try_finding(target, smaller, name, true) : 1;

	if (err > 0)
		err = try_finding(target, finding, name, false);
	if (!err)
		return EXIT_STATUS_FAILED;
	target->keeps_work = true;
	error_set(error, -err, "--fuzz: saving a finding of %.100s in %.200s: %s; it is %.300s",
		  target->name, target->folder, strerror(-err), finding);
	return EXIT_STATUS_ERROR;
}

/* Returns an exit status. */
static int fuzz_by_libfuzzer(struct target *target, struct error *error)
{
	char *prefix = start_program_format("-artifact_prefix=%s/f-", target->work);
	char *time = start_program_format("-max_total_time=%u", target->seconds);
	char *found = start_program_format("-error_exitcode=%d", ENGINE_FOUND);
	char *start = start_program_format("-seed=%s", target->seed);
	const char *words[] = { prefix,		 time,
				found,		 start,
				"-timeout=3600", "-print_final_stats=1",
				target->folder,	 NULL };
	int status = prefix && time && found && start ? run(target->setting, words, NULL, false) :
							-ENOMEM;
	char *finding = find_file(target->work, "f-"), *smaller;

	if (finding) {
		smaller = make_smaller_by_libfuzzer(target, finding);
		status = take_finding(target, finding, smaller,
				      strrchr(finding, '/') + 1 + strlen("f-"), error);
		free(smaller);
	} else if (status && !end_signals_caught()) {
		error_set(error, EIO, "--fuzz: the engine ended with status %d at %.100s", status,
			  target->name);
		status = EXIT_STATUS_ERROR;
	}
	free(finding);
	free(prefix);
	free(time);
	free(found);
	free(start);
	return status;
}

static int fuzz_by_afl(struct target *target, struct error *error)
{
	const struct afl_search search = {
		.setting = target->setting,
		.folder = target->folder,
		.work = target->work,
		.seed = target->seed,
		.seconds = target->seconds,
	};
	char name[AFL_NAME_SIZE], *finding, *smaller;
	int status = EXIT_STATUS_ERROR;

	if (!afl_commands_search(&search, &finding, error))
		status = EXIT_STATUS_PASSED;
	if (finding) {
		smaller = afl_commands_make_smaller(&search, finding);
		if (!afl_commands_name(finding, name))
			status = take_finding(target, finding, smaller, name, error);
		free(smaller);
	}
	free(finding);
	return status;
}

static int fuzz_test(const struct r0_test *test, unsigned int seconds, struct error *error)
{
	const char *scratch = getenv("TMPDIR"), *seed = getenv("R0_FUZZ_SEED");
	char *name = start_program_format("%s.%s", test->suite, test->name);
	struct target target = {
		.name = name,
		.setting = start_program_format(ENGINE_VARIABLE "=%s", name),
		.folder = corpus_folder(test),
		.seconds = seconds,
		.seed = seed && seed[0] ? seed : "0",
	};
	int status = EXIT_STATUS_ERROR, err;

	snprintf(target.work, sizeof(target.work), "%.30s/ring0-fuzz-XXXXXX",
		 scratch && scratch[0] && strlen(scratch) < 30 ? scratch : "/tmp");
	err = name && target.setting && target.folder ? folders_make(target.folder) : -ENOMEM;
	if (err)
		error_set(error, -err, "--fuzz: making the folder %.300s: %s",
			  target.folder ? target.folder : "", strerror(-err));
	else if (!mkdtemp(target.work))
		error_set(error, errno, "--fuzz: making a folder in %.100s: %s", target.work,
			  strerror(errno));
	else
		status = engine_is_afl() ? fuzz_by_afl(&target, error) :
					   fuzz_by_libfuzzer(&target, error);
	if (!target.keeps_work)
		folders_remove(target.work);
	free(target.folder);
	free(target.setting);
	free(name);
	return status;
}

int fuzz(const struct plan *plan, unsigned int seconds, struct error *error)
{
	const struct r0_test *last = NULL;
	int status = EXIT_STATUS_PASSED, one;
	struct end_signals signals;
	bool any = false;
	size_t i;

	end_signals_catch(&signals);
	for (i = 0; i < plan->count && status != EXIT_STATUS_ERROR && !end_signals_caught(); i++) {
		const struct r0_test *test = plan->cases[i].test;

		if (!test->fuzz || test == last)
			continue;
		last = test;
		any = true;
		one = fuzz_test(test, seconds, error);
		status = one > status ? one : status;
	}
	end_signals_release(&signals);
	if (end_signals_caught() && status != EXIT_STATUS_ERROR)
		status = EXIT_STATUS_SIGNAL + end_signals_caught();
	if (any)
		return status;
	error_set(error, EINVAL, "--fuzz: no test of R0_FUZZ() is selected");
	return EXIT_STATUS_ERROR;
}

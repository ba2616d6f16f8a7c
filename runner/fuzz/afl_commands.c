/* SPDX-License-Identifier: MIT */
/* afl-fuzz and afl-tmin (AFL++'s docs/fuzzing_in_depth.md and docs/env_variables.md). */
#include "runner/fuzz/afl_commands.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <ring0/fuzz.h>
#include "report/report.h"
#include "runner/fuzz/corpus.h"
#include "runner/fuzz/engine_afl.h"
#include "runner/fuzz/start_program.h"
#include "runner/workers/end_signals.h"
#include "runner/workers/folders.h"

/* ring0's own limit for a run is shorter: it ends in a report. Milliseconds. */
#define LIMIT "600000"

#define SMALLER_SECONDS 60

/* No terminal to draw on, no CPU to itself, no settings of the host's to change; the first finding is the last. */
#define SETTINGS                                                                      \
	"AFL_NO_UI=1", "AFL_NO_AFFINITY=1", "AFL_SKIP_CPUFREQ=1",                     \
		"AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1", "AFL_BENCH_UNTIL_CRASH=1", \
		"AFL_FORKSRV_INIT_TMOUT=" LIMIT, "AFL_QUIET=1"

int afl_commands_find(struct error *error)
{
	char *path = start_program_find("afl-fuzz");

	if (!path)
		return error_set(error, ENOENT,
				 "--fuzz: the program is compiled by AFL++, and afl-fuzz can't be "
				 "found in PATH (Debian: package afl++)");
	free(path);
	return 0;
}

/* The program's own file. */
static char *own_path(void)
{
	return realpath("/proc/self/exe", NULL);
}

/* FNV-1a: the same input has the same name. Returns 0, or -errno if it can't be read. */
static int hash_file(const char *path, uint64_t *hash)
{
	FILE *file = fopen(path, "re");
	int c, err = 0;

	if (!file)
		return -errno;
	*hash = 0xcbf29ce484222325;
	while ((c = getc(file)) != EOF)
		*hash = (*hash ^ (uint64_t)c) * 0x100000001b3;
	if (ferror(file))
		err = -EIO;
	fclose(file);
	return err;
}

int afl_commands_name(const char *path, char name[AFL_NAME_SIZE])
{
	uint64_t hash = 0;
	int err = hash_file(path, &hash);

	snprintf(name, AFL_NAME_SIZE, "crash-%016llx", (unsigned long long)hash);
	return err;
}

/* To another folder, by what is in it. Returns 0 or -errno. */
static int copy_by_content(const char *path, const char *folder)
{
	uint64_t hash = 0;
	int err = hash_file(path, &hash);
	char *copy = err ? NULL :
			   start_program_format("%s/%016llx", folder, (unsigned long long)hash);

	if (!err)
		err = copy ? folders_copy_file(path, copy) : -ENOMEM;
	free(copy);
	return err;
}

/* What it begins with where there is no input yet: long enough for what it does with comparisons. */
static int write_first(const char *folder)
{
	char *path = start_program_format("%s/first", folder);
	FILE *first = path ? fopen(path, "we") : NULL;
	int err = first ? 0 : -errno;

	if (first && fputs("0000000000000000", first) == EOF)
		err = -errno;
	if (first && fclose(first) && !err)
		err = -errno;
	free(path);
	return err;
}

/* afl-fuzz wants a folder of one file at least, none of them empty. Returns 0 or -errno. */
static int gather_seeds(const struct afl_search *search, const char *to)
{
	DIR *there = opendir(search->folder);
	const struct dirent *entry;
	int err = 0, count = 0;

	while (there && !err && (entry = readdir(there))) {
		char *path = start_program_format("%s/%s", search->folder, entry->d_name);
		struct stat status;

		if (path && corpus_is_input(entry) && stat(path, &status) == 0 &&
		    S_ISREG(status.st_mode) && status.st_size) {
			err = copy_by_content(path, to);
			count++;
		}
		free(path);
	}
	if (there)
		closedir(there);
	return err || count ? err : write_first(to);
}

/* The first of afl-fuzz's own files in its folder of that name, for free(), or NULL. */
static char *find_in(const struct afl_search *search, const char *kind)
{
	char *folder = start_program_format("%s/out/default/%s", search->work, kind), *path = NULL;
	DIR *there = folder ? opendir(folder) : NULL;
	const struct dirent *entry;

	while (there && !path && (entry = readdir(there)))
		if (!strncmp(entry->d_name, "id:", 3))
			path = start_program_format("%s/%s", folder, entry->d_name);
	if (there)
		closedir(there);
	free(folder);
	return path;
}

/* What its queue has besides the inputs that it began with. */
static int keep_queue(const struct afl_search *search)
{
	char *folder = start_program_format("%s/out/default/queue", search->work);
	DIR *there = folder ? opendir(folder) : NULL;
	const struct dirent *entry;
	int err = 0;

	while (there && !err && (entry = readdir(there))) {
		char *path = start_program_format("%s/%s", folder, entry->d_name);

		if (path && !strncmp(entry->d_name, "id:", 3) && !strstr(entry->d_name, ",orig:"))
			err = copy_by_content(path, search->folder);
		free(path);
	}
	if (there)
		closedir(there);
	free(folder);
	return err;
}

static int run_afl_fuzz(const struct afl_search *search, const char *in, const char *out)
{
	char seconds[16], longest[16], *own = own_path();
	const char *settings[] = { SETTINGS, search->setting, NULL };
	const char *words[24] = { "afl-fuzz", "-i",  in,   "-o",   out,	 "-s",	 search->seed,
				  "-t",	      LIMIT, "-m", "none", "-G", longest };
	size_t count = 13;
	int status;

	snprintf(seconds, sizeof(seconds), "%u", search->seconds);
	snprintf(longest, sizeof(longest), "%d", R0_FUZZ_MOST);
	if (search->seconds) {
		words[count++] = "-V";
		words[count++] = seconds;
	}
	/* The program itself: a second file would not be run by version 4.04. */
	if (engine_afl_has_cmplog()) {
		words[count++] = "-c";
		words[count++] = "0";
	}
	words[count++] = "--";
	words[count++] = own;
	status = own ? start_program(&(struct start_program){
			       .path = words[0], .words = words, .settings = settings }) :
		       -ENOMEM;
	free(own);
	return status;
}

int afl_commands_search(const struct afl_search *search, char **finding, struct error *error)
{
	char *in = start_program_format("%s/in", search->work),
	     *out = start_program_format("%s/out", search->work);
	int status, err = in && out ? 0 : -ENOMEM;

	*finding = NULL;
	if (!err && mkdir(in, 0777))
		err = -errno;
	if (!err)
		err = gather_seeds(search, in);
	if (err) {
		error_set(error, -err, "--fuzz: gathering the inputs of %.200s: %s", search->folder,
			  strerror(-err));
	} else {
		status = run_afl_fuzz(search, in, out);
		*finding = find_in(search, "crashes");
		if (!*finding)
			*finding = find_in(search, "hangs");
		err = keep_queue(search);
		if (err)
			error_set(error, -err, "--fuzz: keeping inputs in %.200s: %s",
				  search->folder, strerror(-err));
		else if (status && !*finding && !end_signals_caught())
			err = error_set(error, EIO, "--fuzz: afl-fuzz ended with status %d",
					status);
	}
	free(in);
	free(out);
	return err;
}

/* It has no limit of its own, and each run that fails costs a process. */
char *afl_commands_make_smaller(const struct afl_search *search, const char *finding)
{
	char *smaller = start_program_format("%s/smaller", search->work), *own = own_path();
	const char *settings[] = { SETTINGS, search->setting, NULL };
	const char *words[] = { "afl-tmin", "-i", finding, "-o", smaller, "-t",
				LIMIT,	    "-m", "none",  "--", own,	  NULL };
	int status = smaller && own ?
			     start_program(&(struct start_program){ .path = words[0],
								    .words = words,
								    .settings = settings,
								    .output = "/dev/null",
								    .silent = true,
								    .limit_s = SMALLER_SECONDS }) :
			     -ENOMEM;

	free(own);
	if (!status && smaller && access(smaller, R_OK) == 0)
		return smaller;
	free(smaller);
	return NULL;
}

void afl_commands_files(char *files[AFL_FILES])
{
	char *all[] = { start_program_find("afl-fuzz"), start_program_find("afl-tmin") };
	size_t used = 0, i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i])
			files[used++] = all[i];
	files[used] = NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * A folder for each test, of which the name is encoded (runner/workers/by_test.h), and in it, by the paths of the objects, the files that
 * these would have written without a prefix. Tools want the notes of the compiler beside them: both are put into a
 * folder of their own, by links.
 */
#include "command/which_tests/gather.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command/which_tests/notes.h"
#include "command/which_tests/tools.h"

/* Files that a tool takes at once: of one kind, and of compilers that ran in one folder. */
struct group {
	enum tools_kind kind;
	char *folder;
	size_t count;
};

struct test {
	char *folder, *name;
	char work[PATH_MAX]; /* with a folder for each group */
	struct group *groups;
	size_t count;
};

static int links(const char *target, const char *folder, size_t number, const char *suffix)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%zu%s", folder, number, suffix);
	return symlink(target, path) ? -errno : 0;
}

/* Whether a text ends so, and is more than that. */
static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && strcmp(text + length - end_length, end) == 0;
}

/* A copy up to the last such character, for free(). */
static char *up_to(const char *text, char last)
{
	const char *end = strrchr(text, last);

	return strndup(text, end ? (size_t)(end - text) : strlen(text));
}

static void group_path(char path[PATH_MAX + 32], const struct test *test, const struct group *group)
{
	snprintf(path, PATH_MAX + 32, "%s/%zu", test->work, (size_t)(group - test->groups));
}

/* NULL for want of memory or of a folder. */
static struct group *find_group(struct test *test, enum tools_kind kind, const char *folder)
{
	char path[PATH_MAX + 32];
	struct group *groups;
	size_t i;

	for (i = 0; i < test->count; i++)
		if (test->groups[i].kind == kind && strcmp(test->groups[i].folder, folder) == 0)
			return &test->groups[i];
	groups = reallocarray(test->groups, test->count + 1, sizeof(*groups));
	if (!groups)
		return NULL;
	test->groups = groups;
	groups[i] = (struct group){ .kind = kind, .folder = strdup(folder) };
	if (!groups[i].folder)
		return NULL;
	test->count++;
	group_path(path, test, &groups[i]);
	return mkdir(path, 0700) ? NULL : &groups[i];
}

/* Into the folder of its group, as number n. */
static int add(struct test *test, enum tools_kind kind, const char *folder, const char *data,
	       const char *data_suffix, const char *notes, const char *notes_suffix)
{
	struct group *group = find_group(test, kind, folder);
	char path[PATH_MAX + 32];
	int err;

	if (!group)
		return errno ? -errno : -ENOMEM;
	group_path(path, test, group);
	err = links(data, path, group->count, data_suffix);
	if (!err)
		err = links(notes, path, group->count, notes_suffix);
	group->count++;
	return err;
}

static int check_build(const struct test *test, const char *data, const char *notes,
		       struct notes_head *noted, struct error *error)
{
	struct notes_head counted;
	int err = notes_read_head(data, &counted);

	if (err)
		return error_set(error, -err, "%.300s: %s", data,
				 err == -EINVAL ? "this is no .gcda" : strerror(-err));
	err = notes_read_head(notes, noted);
	if (err)
		return error_set(error, -err,
				 "%.300s, which the compiler has written beside the object that "
				 "ran: %s",
				 notes, err == -EINVAL ? "this is no .gcno" : strerror(-err));
	if (memcmp(counted.build, noted->build, sizeof(counted.build)) != 0)
		return error_set(error, ESTALE,
				 "%.200s has been built anew since %.100s ran: run the tests again "
				 "with --coverage-by-test",
				 notes, test->name);
	return 0;
}

static int add_gcda(struct test *test, const char *data, const char *original, struct error *error)
{
	char *stem = up_to(original, '.'), *beside = up_to(original, '/');
	char *notes = NULL, *folder = NULL;
	struct notes_head noted;
	int err = -ENOMEM;

	if (!stem || !beside || asprintf(&notes, "%s.gcno", stem) < 0) {
		notes = NULL;
		goto out;
	}
	err = check_build(test, data, notes, &noted, error);
	if (err)
		goto out;
	folder = notes_folder(notes, &noted, beside);
	err = folder ? add(test, notes_are_by_clang(&noted) ? TOOLS_CLANG : TOOLS_GCC, folder, data,
			   ".gcda", notes, ".gcno") :
		       -ENOMEM;
out:
	free(stem);
	free(beside);
	free(notes);
	free(folder);
	return err;
}

/* OBJECT.NUMBER.profraw */
static int add_profile(struct test *test, const char *data, const char *original,
		       struct error *error)
{
	char *numbered = up_to(original, '.');
	char *object = numbered ? up_to(numbered, '.') : NULL;
	int err = object ? 0 : -ENOMEM;

	if (!err && access(object, R_OK))
		err = error_set(error, errno, "%.300s, which ran: %s", object, strerror(errno));
	if (!err)
		err = add(test, TOOLS_PROFILE, "/", data, ".profraw", object, ".object");
	free(object);
	free(numbered);
	return err;
}

static int add_files(struct test *test, struct error *error)
{
	char *paths[] = { test->folder, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const size_t prefix = strlen(test->folder);
	const FTSENT *entry;
	int err = walk ? 0 : -errno;

	while (!err && (entry = fts_read(walk))) {
		if (entry->fts_info != FTS_F)
			continue;
		if (ends_in(entry->fts_path, ".gcda"))
			err = add_gcda(test, entry->fts_path, entry->fts_path + prefix, error);
		else if (ends_in(entry->fts_path, ".profraw"))
			err = add_profile(test, entry->fts_path, entry->fts_path + prefix, error);
	}
	if (walk)
		fts_close(walk);
	return err;
}

static void remove_tree(char *path)
{
	char *paths[] = { path, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;

	while (walk && (entry = fts_read(walk))) {
		if (entry->fts_info == FTS_DP)
			rmdir(entry->fts_path);
		else if (entry->fts_info != FTS_D)
			unlink(entry->fts_path);
	}
	if (walk)
		fts_close(walk);
}

/* The reverse of by_test_encode(), in place. */
static void decode(char *name)
{
	char *to = name;

	for (; *name; name++) {
		char digits[3] = "", *end = digits;
		unsigned long byte = 0;

		if (*name == '=' && name[1] && name[2]) {
			memcpy(digits, name + 1, 2);
			byte = strtoul(digits, &end, 16);
		}
		if (end == digits + 2 && byte) {
			*to++ = (char)byte;
			name += 2;
		} else {
			*to++ = *name;
		}
	}
	*to = '\0';
}

static int gather_test(struct test *test, FILE *out, bool *any, struct error *error)
{
	const char *scratch = getenv("TMPDIR");
	size_t i;
	int err;

	decode(test->name);
	snprintf(test->work, sizeof(test->work), "%s/ring0-which-tests-XXXXXX",
		 scratch && scratch[0] ? scratch : "/tmp");
	if (!mkdtemp(test->work))
		return error_set(error, errno, "making a folder, %.300s: %s", test->work,
				 strerror(errno));
	err = add_files(test, error);
	for (i = 0; i < test->count && !err; i++) {
		char path[PATH_MAX + 32];

		*any = true;
		group_path(path, test, &test->groups[i]);
		err = tools_run(test->groups[i].kind, path, test->groups[i].folder, test->name, out,
				error);
	}
	remove_tree(test->work);
	return err;
}

static void finish_test(struct test *test)
{
	while (test->count)
		free(test->groups[--test->count].folder);
	free(test->groups);
	free(test->folder);
	free(test->name);
}

static int is_test(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int gather(const char *folder, FILE *out, struct error *error)
{
	char *real = realpath(folder, NULL);
	struct dirent **entries = NULL;
	int found = real ? scandir(real, &entries, is_test, alphasort) : -1, err = 0, i;
	bool any = false;

	if (found < 0)
		err = error_set(
			error, errno,
			"%.300s, where --coverage-by-test of a test program has written to: "
			"%s",
			folder, strerror(errno));
	for (i = 0; i < found; i++) {
		struct test test = { .name = strdup(entries[i]->d_name) };

		if (!err &&
		    (!test.name || asprintf(&test.folder, "%s/%s", real, entries[i]->d_name) < 0)) {
			test.folder = NULL;
			err = -ENOMEM;
		}
		if (!err)
			err = gather_test(&test, out, &any, error);
		finish_test(&test);
		free(entries[i]);
	}
	free(entries);
	free(real);
	if (!err && !any)
		err = error_set(error, ENOENT,
				"no test has left anything in %.300s: run the tests with "
				"--coverage-by-test",
				folder);
	if (err)
		error_set(error, -err, "%.300s: %s", folder, strerror(-err));
	return err;
}
